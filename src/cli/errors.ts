/** What ends a command: bad input is exit code 2, a failure at run time 1; one clean line on stderr either way. */

import { NoHierarchyError } from '../kernel/hierarchy.ts';
import { clean } from '../text/clean.ts';
import { errorText } from '../text/error-text.ts';

/** The command line cannot be carried out as typed: what is wrong and what to type instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Errors of the library that mean the user's input was bad. */
const BAD_INPUT = new Set(['UsageError', 'BadValueError', 'NoSuchNameError', 'AmbiguousNameError', 'BadNameError']);

export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof Error && BAD_INPUT.has(error.name) ? 2 : 1;
}

/** `tscg: what happened; what to do`, without control characters. A list of candidates takes a line each. */
export function errorLine(program: string, error: unknown): string {
  const message = errorText(error);
  const remedy = error instanceof NoHierarchyError ? `; ${error.remedy}` : '';
  return `${program}: ${`${message}${remedy}`.split('\n').map(clean).join('\n')}`;
}
