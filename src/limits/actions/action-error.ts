import { codeOf as namedCode } from '../../kernel/error-code.ts';

/** An action did not do what was asked: what happened, and what to do instead, on one line. */
export class ActionError extends Error {
  override readonly name = 'ActionError';
}

/** The errno that an error names; Linux's EOPNOTSUPP is ENOTSUP to libuv, and here. */
export const codeOf = (error: unknown): string | undefined => namedCode(error)?.replace(/^EOPNOTSUPP$/, 'ENOTSUP');

/** The cgroup, or the process, has ended meanwhile. */
export const isGone = (error: unknown): boolean => ['ENOENT', 'ENODEV', 'ESRCH'].includes(codeOf(error) ?? '');
