/**
 * Every figure is one of three: a number, no limit, or unavailable. They share the type `number`, so that columns are
 * plain Float64Array and `Math.min` over the ancestors of a cgroup is its effective limit.
 */

/** The kernel's `max`. */
export const NO_LIMIT = Number.POSITIVE_INFINITY;

/** Not known, for a reason that travels beside it. Shown as `--`, never as 0. */
export const UNAVAILABLE = Number.NaN;

export const isUnavailable = (value: number): boolean => Number.isNaN(value);

/**
 * The most that a page counter holds. It and everything above it, 2^64 - 1 included, means no limit in cgroup v1 and in the
 * APIs of runtimes.
 */
export const NO_LIMIT_FROM = 2 ** 63 - 4096;

/**
 * A limit read from a file or an API, with the values that mean "none" folded into `NO_LIMIT`.
 * `total` is what the machine has of it (bytes of memory, CPUs): a limit at or above it never binds.
 */
export function limitOf(value: number, total: number = NO_LIMIT): number {
  if (isUnavailable(value)) return UNAVAILABLE;
  return value >= NO_LIMIT_FROM || value >= total ? NO_LIMIT : value;
}
