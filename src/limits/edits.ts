/** What was typed after the flags of `tscg set`, as edits of the limits in the catalogue's order. */
import type { Machine } from '../kernel/machine.ts';
import { type Edit, LIMITS, type Limit } from './catalogue.ts';
import type { Devices } from './devices.ts';
import { parseProperty, type Typed } from './properties.ts';
import { BadValueError } from './units.ts';

/** Files that are two views of one value, or exclude each other. */
const ONE_OF = [['cpu.weight', 'cpu.weight.nice']];

/**
 * `valuesOf`: what stands after a flag (`--memory`), once for each time that it was given. `properties`: systemd's
 * assignments. Throws BadValueError, before anything is looked up.
 */
export function editsOf(
  valuesOf: (long: string) => readonly string[],
  properties: readonly string[],
  machine: Machine,
  devices?: Devices,
): { limit: Limit; edit: Edit }[] {
  const typed = properties.map(parseProperty);
  const edits = LIMITS.flatMap((limit) => {
    const given = limit.flags.flatMap((flag) => {
      const texts = [...valuesOf(flag.long), ...textsFor(flag.long, typed)];
      return texts.map((text) => ({ flag, text }));
    });
    const parts = new Map<string, string>();
    for (const { long, part = 'value', repeatable } of given.map(({ flag }) => flag)) {
      const other = parts.get(part);
      if (other !== undefined && !(repeatable && other === long)) {
        throw new BadValueError(
          other === long ? `${long} is given twice` : `${other} and ${long} both set ${limit.file}; give one of them`,
        );
      }
      parts.set(part, long);
    }
    return given.map(({ flag, text }) => ({ limit, edit: flag.parse(text, machine, devices) }));
  });
  for (const files of ONE_OF) {
    if (files.every((file) => edits.some(({ limit }) => limit.file === file)))
      throw new BadValueError(`${files.join(' and ')} are one value; give one of them`);
  }
  return edits;
}

const textsFor = (wanted: string, typed: readonly Typed[]): string[] =>
  typed.filter(({ long }) => long === wanted).map(({ text }) => text);
