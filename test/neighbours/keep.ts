/** A CloseLook as JSON and back, so that the rules can be tried again on what a guest measured. */

import { LOOK_FILES } from '../../src/diagnosis/look/files.ts';
import type { CloseLook, Figures, Group } from '../../src/diagnosis/look/model.ts';
import { isRecord } from '../../src/inventory/names/json.ts';

const REFS = LOOK_FILES.flatMap(({ file, keys }) => keys.map((key) => `${file}:${key}`));
const VMSTAT = ['pgscan_kswapd', 'pgscan_direct'];

/** Numbers that JSON has not, and Maps. */
const replace = (_: string, value: unknown): unknown => {
  if (value instanceof Map) return { $map: [...value] };
  if (value instanceof Set) return { $set: [...value] };
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) };
  return value;
};

const revive = (_: string, value: unknown): unknown => {
  if (!isRecord(value)) return value;
  if (Array.isArray(value.$map)) return new Map(value.$map);
  if (Array.isArray(value.$set)) return new Set(value.$set);
  if (typeof value.$number === 'string') return Number(value.$number);
  return value;
};

export const toJson = (value: unknown): string => JSON.stringify(value, replace);
export const fromJson = (text: string): unknown => JSON.parse(text, revive);

type KeptGroup = Omit<Group, 'first' | 'last'> & { readonly ends: Readonly<Record<string, readonly [number, number]>> };

export interface KeptLook extends Omit<CloseLook, 'groups' | 'vmstat'> {
  readonly groups: ReadonlyMap<string, KeptGroup>;
  readonly vmstat: Readonly<Record<string, number>>;
}

export function keptLook(look: CloseLook): KeptLook {
  const groups = [...look.groups].map(([key, { first, last, ...group }]): [string, KeptGroup] => [
    key,
    {
      ...group,
      ends: Object.fromEntries(
        REFS.flatMap((ref) => (Number.isNaN(last(ref)) ? [] : [[ref, [first(ref), last(ref)] as const]])),
      ),
    },
  ]);
  return {
    ...look,
    groups: new Map(groups),
    vmstat: Object.fromEntries(VMSTAT.map((key) => [key, look.vmstat(key)])),
  };
}

export function lookAgain(kept: KeptLook): CloseLook {
  const figuresOf =
    (ends: KeptGroup['ends'], end: 0 | 1): Figures =>
    (ref) =>
      ends[ref]?.[end] ?? Number.NaN;
  return {
    ...kept,
    groups: new Map(
      [...kept.groups].map(([key, { ends, ...group }]) => [
        key,
        { ...group, first: figuresOf(ends, 0), last: figuresOf(ends, 1) },
      ]),
    ),
    vmstat: (key) => kept.vmstat[key] ?? Number.NaN,
  };
}
