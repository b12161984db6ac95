/**
 * The errno that an error of node:fs, the addon or a socket names, as `ENOENT`; undefined for one without. Linux's EOPNOTSUPP is
 * ENOTSUP, as libuv names it.
 */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code.replace(/^EOPNOTSUPP$/, 'ENOTSUP') : undefined;
}

/** The cgroup, or the process, has ended meanwhile. */
export const isGone = (error: unknown): boolean => ['ENOENT', 'ENODEV', 'ESRCH'].includes(codeOf(error) ?? '');
