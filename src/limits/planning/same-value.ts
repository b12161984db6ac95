/** A file's text and what was, or would be, written to it: the kernel rounds and orders as it likes. */
import type { Machine } from '../../kernel/machine.ts';
import { findLimit } from '../catalogue/catalogue.ts';

/** Whether the file's text is what writing `written` leaves. */
export function sameValue(file: string, text: string, written: string, machine: Machine): boolean {
  const limit = findLimit(file);
  return (
    text === written || text === (limit?.rounded(written, machine) ?? written) || limit?.same?.(text, written) === true
  );
}
