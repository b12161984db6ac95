import { codeOf } from '../../kernel/error-code.ts';

/** An action did not do what was asked: what happened, and what to do instead, on one line. */
export class ActionError extends Error {
  override readonly name = 'ActionError';
}

/** The cgroup, or the process, has ended meanwhile. */
export const isGone = (error: unknown): boolean => ['ENOENT', 'ENODEV', 'ESRCH'].includes(codeOf(error) ?? '');
