/** What was typed after the flags of `tscg set`, as edits of the limits in the catalogue's order. */

import type { Machine } from '../../kernel/machine.ts';
import { LIMITS } from '../catalogue/catalogue.ts';
import { parseProperty } from '../catalogue/properties.ts';
import { BadValueError } from '../catalogue/units.ts';
import type { Devices, Edit, Limit } from '../model.ts';

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
  const assigned = properties.map(parseProperty);
  const edits = LIMITS.flatMap((limit) => {
    const given = limit.flags.flatMap((flag) => {
      const typed = valuesOf(flag.long).map((text) => ({ name: flag.long, text }));
      const all = [...typed, ...assigned.filter(({ long }) => long === flag.long)];
      return all.map(({ name, text }) => ({ flag, name, text }));
    });
    const parts = new Map<string, (typeof given)[number]>();
    for (const one of given) {
      const { flag, name } = one;
      const part = flag.part ?? 'value';
      const other = parts.get(part);
      if (other && !(flag.repeatable && other.flag === flag)) {
        throw new BadValueError(
          other.name === name
            ? `${name} is given twice`
            : `${other.name} and ${name} both set ${limit.file}; give one of them`,
        );
      }
      parts.set(part, one);
    }
    return given.map(({ flag, text }) => ({ limit, edit: flag.parse(text, machine, devices) }));
  });
  for (const { limit } of edits) {
    if (edits.some((other) => other.limit.file === limit.viewOf))
      throw new BadValueError(`${limit.viewOf} and ${limit.file} are one value; give one of them`);
  }
  return edits;
}
