/** What the number and the name of an error mean, wherever it came from. */

import { constants } from 'node:os';

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

/** Positive errno of an error that node:fs or the addon threw. `otherwise`: of one without. */
export function errnoOf(error: unknown, otherwise: number = constants.errno.EIO): number {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  return typeof errno === 'number' ? Math.abs(errno) : otherwise;
}

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
);

/** `ENOENT` for 2; `errno 999` for a number without a name. */
export const errnoName = (errno: number): string => NAMES.get(errno) ?? `errno ${errno}`;
