/**
 * Spells a file's text as the settings of a policy that produce it. The spelling is found by trial: values that the catalogue's
 * flags may take are tried until one gives exactly that text, so a limit added to the catalogue needs nothing here.
 */

import type { Machine } from '../../kernel/machine.ts';
import { settingsIn } from '../catalogue/limit.ts';
import { BadValueError } from '../catalogue/units.ts';
import type { Limit, LimitFlag } from '../model.ts';
import { keyOf } from './shape.ts';

/** By key; a list where a flag is given more than once. */
export type Spelling = Readonly<Record<string, string | readonly string[]>>;

/** Undefined where no flags lead to the text. */
export function spell(limit: Limit, text: string, machine: Machine): Spelling | undefined {
  return spellWhole(limit, text, machine) ?? spellParts(limit, text, machine);
}

/** One flag that gives the text, both from an unset file and from the file as it is. */
function spellWhole(limit: Limit, text: string, machine: Machine): Spelling | undefined {
  for (const typed of wholeCandidates(text)) {
    for (const flag of limit.flags) {
      const after = (before: string): string | undefined => edited(flag, typed, before, machine);
      if (isSame(limit, after(limit.unset), text) && isSame(limit, after(text), text))
        return { [keyOf(flag.long)]: typed };
    }
  }
  return undefined;
}

/**
 * For a file that holds a figure for each device or resource: flags are added as long as each brings the text nearer. It starts
 * from an unset file, or from the kernel's list of what there is, without figures.
 */
function spellParts(limit: Limit, text: string, machine: Machine): Spelling | undefined {
  for (const start of [limit.unset, withoutFigures(text)]) {
    const found = partsFrom(start, limit, text, machine);
    /** What is there already must stay as it is: apply then has nothing to change. */
    const again = found?.reduce<string | undefined>(
      (before, { flag, typed }) => (before === undefined ? undefined : edited(flag, typed, before, machine)),
      text,
    );
    if (found === undefined || !isSame(limit, again, text)) continue;
    const byKey = new Map<string, string[]>();
    for (const { flag, typed } of found) byKey.set(keyOf(flag.long), [...(byKey.get(keyOf(flag.long)) ?? []), typed]);
    return Object.fromEntries([...byKey].map(([key, typed]) => [key, typed.length === 1 ? (typed[0] ?? '') : typed]));
  }
  return undefined;
}

interface Given {
  readonly flag: LimitFlag;
  readonly typed: string;
}

function partsFrom(start: string, limit: Limit, text: string, machine: Machine): Given[] | undefined {
  const wanted = new Set(settingsIn(text));
  const found: Given[] = [];
  const set = new Set<string>();
  let state = start;
  for (const flag of limit.flags) {
    for (const typed of partCandidates(text)) {
      if (!flag.repeatable && found.some((given) => given.flag === flag)) break;
      const next = edited(flag, typed, state, machine);
      if (next === undefined) continue;
      const [have, had] = [settingsIn(next), new Set(settingsIn(state))];
      const isNearer = have.every((part) => wanted.has(part)) && have.some((part) => !had.has(part));
      if (!isNearer || have.length < [...had].filter((part) => wanted.has(part)).length) continue;
      found.push({ flag, typed });
      for (const part of have) set.add(part);
      state = next;
    }
  }
  return found.length > 0 && [...wanted].every((part) => set.has(part)) ? found : undefined;
}

/** `mlx5_0 hca_handle=2 hca_object=max` with `max` throughout. */
const withoutFigures = (text: string): string => text.replace(/(=|(?<=\S)[ \t]+)[^\s=]+(?=\s|$)/g, '$1max');

function edited({ parse }: LimitFlag, typed: string, before: string, machine: Machine): string | undefined {
  try {
    return parse(typed, machine).after(before);
  } catch (error) {
    if (error instanceof BadValueError || error instanceof RangeError) return undefined;
    throw error;
  }
}

const isSame = ({ same }: Limit, text: string | undefined, other: string): boolean =>
  text !== undefined && (text.trim() === other.trim() || (same?.(text, other) ?? false));

/** As an operator would type it, the most readable first. */
function* wholeCandidates(text: string): Generator<string> {
  const words = text.trim().split(/\s+/);
  const [first = '', second] = words;
  if (words.length === 2 && isWhole(first) && isWhole(second)) {
    const percent = (Number(first) / Number(second)) * 100;
    yield `${Math.round(percent * 100) / 100}%`;
  }
  if (words.length === 1) yield* sizeCandidates(first);
  yield text.trim();
  if (words.length > 1) yield words.join('/');
  if (words.length > 1) yield* words;
  if (words.length === 1) yield `${first}%`;
}

const isWhole = (word: string | undefined): boolean => /^\d+$/.test(word ?? '');

/** `512M` for a whole number of MiB. */
function* sizeCandidates(word: string): Generator<string> {
  if (!isWhole(word) || Number(word) === 0 || !Number.isSafeInteger(Number(word))) return;
  for (const [power, suffix] of [...'TGMK'].map((letter, index) => [4 - index, letter] as const)) {
    if (Number(word) % 1024 ** power === 0) {
      yield `${Number(word) / 1024 ** power}${suffix}`;
      return;
    }
  }
}

function* partCandidates(text: string): Generator<string> {
  for (const part of settingsIn(text)) {
    const [key = '', setting = ''] = part.split(' ');
    const [name, value] = setting.includes('=') ? setting.split('=') : [undefined, setting];
    for (const figure of [...sizeCandidates(value ?? ''), value ?? '']) {
      yield `${key}:${figure}`;
      yield `${key}=${figure}`;
      if (name !== undefined) yield `${key}:${name}=${figure}`;
      yield `${key} ${name === undefined ? '' : `${name}=`}${figure}`;
      yield figure;
    }
  }
  for (const line of text.split('\n')) {
    const [key = '', ...settings] = line.trim().split(/\s+/);
    yield `${key}:${settings.join(',')}`;
    yield line.trim();
  }
}
