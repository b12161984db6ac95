/** Files that have a line for each device or resource. One write(2) takes one line; the kernel decides the order. */

import { BadValueError } from './units.ts';

/** The lines by their first word, with single blanks. */
export function linesByKey(text: string): Map<string, string> {
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  return new Map(lines.flatMap((words) => (words[0] ? [[words[0], words.join(' ')] as const] : [])));
}

export const joinedLines = (lines: ReadonlyMap<string, string>): string => [...lines.values()].join('\n');

/** The lines to write to get from one text to the other; `remove` makes the one that takes a key's line away. */
export function changedLines(before: string, after: string, remove: (key: string) => string): string[] {
  const [old, wanted] = [linesByKey(before), linesByKey(after)];
  return [
    ...[...old.keys()].filter((key) => !wanted.has(key)).map(remove),
    ...[...wanted].filter(([key, line]) => old.get(key) !== line).map(([, line]) => line),
  ];
}

export function sameLines(text: string, written: string): boolean {
  const [is, was] = [linesByKey(text), linesByKey(written)];
  return is.size === was.size && [...is].every(([key, line]) => was.get(key) === line);
}

/** `/dev/sda:10mb`, `8:16:10mb`: at the last colon, for device numbers have one too. Throws BadValueError. */
export function splitPair(text: string, example: string): [key: string, value: string] {
  const colon = text.lastIndexOf(':');
  const [key, value] = [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
  if (colon <= 0 || value === '' || key === '')
    throw new BadValueError(`"${text}" is not a pair; give one as ${example}`);
  return [key, value];
}
