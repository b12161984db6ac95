/** Shapes of JSON that others wrote: perhaps half of it, perhaps with malice. What has another shape is absent. */

import { clean } from '../../text/clean.ts';

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The value at a path of keys; own properties only. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  let here = value;
  for (const key of keys) {
    if (!isRecord(here) || !Object.hasOwn(here, key)) return undefined;
    here = here[key];
  }
  return here;
}

/** An object with keys, and no list. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Longer names are cut: nobody reads them, and they would be kept for each row. */
const LONGEST_NAME = 512;

/** Cleaned text; undefined for anything else and for nothing. */
export function textOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return clean(value.slice(0, LONGEST_NAME)).trim() || undefined;
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** PID_MAX_LIMIT of the kernel (include/linux/threads.h). An unsigned -1, which stands for none, lies above it. */
const MOST_PIDS = 2 ** 22;

export const pidOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MOST_PIDS ? value : undefined;

const MOST_LABELS = 64;

/** Keys and values cleaned; undefined where there is none. */
export function labelsOf(value: unknown): Record<string, string> | undefined {
  if (!isRecord(value)) return undefined;
  const labels: [string, string][] = [];
  for (const [key, entry] of Object.entries(value).slice(0, MOST_LABELS)) {
    const name = textOf(key);
    if (name !== undefined && typeof entry === 'string') labels.push([name, textOf(entry) ?? '']);
  }
  /** fromEntries defines properties: a label called `__proto__` is one more label. */
  return labels.length > 0 ? Object.fromEntries(labels) : undefined;
}
