/** What ends a command: exit code 2 before it has begun, 1 for a failure at run time; one clean line on stderr either way. */

import { NoHierarchyError } from '../kernel/hierarchy.ts';
import { clean } from '../text/clean.ts';
import { errorText } from '../text/error-text.ts';
import { shortened } from '../text/shortened.ts';

/** The command line cannot be carried out as typed: what is wrong and what to type instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Exit code of a command that was not begun: its command line cannot be used as given, or a risk takes --force. */
export const REFUSED = 2;

/** Errors that end a command before it has begun. */
const NOT_BEGUN = new Set([
  'UsageError',
  'BadValueError',
  'NoSuchNameError',
  'AmbiguousNameError',
  'BadNameError',
  'RecordingError',
  'RecordingVersionError',
  'AlertRulesError',
  'RefusedError',
  'NoTrialError',
]);

export function exitCodeOf(error: unknown): 1 | 2 {
  return error instanceof Error && NOT_BEGUN.has(error.name) ? REFUSED : 1;
}

/** `tscg: what happened; what to do`, without control characters. A list of candidates takes a line each. */
export const errorLine = (program: string, error: unknown): string =>
  `${program}: ${remediedText(error).split('\n').map(clean).join('\n')}`;

/** `what happened; what to do`. Candidates are whole: one of them is to be typed. */
export function remediedText(error: unknown): string {
  const text = error instanceof NoHierarchyError ? `${error.message}; ${error.remedy}` : errorText(error);
  const [line = '', ...candidates] = text.split('\n');
  return [shortened(line), ...candidates].join('\n');
}
