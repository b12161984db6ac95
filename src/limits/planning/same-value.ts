/** Compares a file's text with what was written to it: the kernel rounds values, and orders and completes lines. */

import type { Machine } from '../../kernel/machine.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import type { Write } from '../model.ts';

/** Whether the text is what the write leaves, or a part of it where that takes several calls: each line is of before or after. */
export function isPartOf(
  now: string,
  { file, before, after }: Pick<Write, 'file' | 'before' | 'after'>,
  machine: Machine,
): boolean {
  if (sameValue(file, now, after, machine)) return true;
  if (!findLimit(file)?.commands) return false;
  const known = [before, after].flatMap((text) => text.split('\n'));
  return now.split('\n').every((line) => line === '' || known.some((one) => sameValue(file, line, one, machine)));
}

/** Whether the file's text is what writing `written` leaves. */
export function sameValue(file: string, text: string, written: string, machine: Machine): boolean {
  const limit = findLimit(file);
  return (
    text === written || text === (limit?.rounded(written, machine) ?? written) || limit?.same?.(text, written) === true
  );
}
