/** An action did not do what was asked: what happened, and what to do instead, on one line. */
export class ActionError extends Error {
  override readonly name = 'ActionError';
}

/** The errno that an error names; undefined for one without. Linux's EOPNOTSUPP is ENOTSUP to libuv. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code.replace(/^EOPNOTSUPP$/, 'ENOTSUP') : undefined;
}

/** The cgroup, or the process, has ended meanwhile. */
export const isGone = (error: unknown): boolean => ['ENOENT', 'ENODEV', 'ESRCH'].includes(codeOf(error) ?? '');
