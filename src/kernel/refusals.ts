/** Why the kernel refused a call on a cgroup, a process or a namespace, and what to do about it. */

import type { RefusalRow, RefusedCall } from './refusal.ts';
import { REFUSALS } from './refusal-rows.ts';

/** `reason; remedy` of the first row that fits; empty where none does. */
export function refusalText(call: RefusedCall): string {
  const row = rowsWith(call.code).find((candidate) => fits(candidate, call));
  if (!row) return '';
  return [row.reason, row.remedy]
    .flatMap((part) => (part === undefined ? [] : [typeof part === 'string' ? part : part(call)]))
    .join('; ');
}

/** The rows of each errno that was asked for: one command may fail with the same errno thousands of times. */
const asked = new Map<string, readonly RefusalRow[]>();

function rowsWith(code: string): readonly RefusalRow[] {
  const name = code === 'EOPNOTSUPP' ? 'ENOTSUP' : code;
  const rows = asked.get(name) ?? REFUSALS.filter(({ codes }) => codes.split(' ').includes(name));
  asked.set(name, rows);
  return rows;
}

function fits({ on, files }: RefusalRow, { operation, file = '' }: RefusedCall): boolean {
  return (
    (on === undefined || on.split(' ').includes(operation)) &&
    (files === undefined || files.some((pattern) => isMatch(pattern, file)))
  );
}

function isMatch(pattern: string, file: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === file;
  const [begin, end] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return file.length >= begin.length + end.length && file.startsWith(begin) && file.endsWith(end);
}
