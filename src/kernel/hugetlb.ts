/**
 * The hugetlb controller has its files once a page size: hugetlb.2MB.max, hugetlb.1GB.rsvd.current, hugetlb.64KB.events.
 */

const UNITS = new Map([
  ['KB', 2 ** 10],
  ['MB', 2 ** 20],
  ['GB', 2 ** 30],
]);

export interface HugetlbFile {
  /** As the kernel writes it: `2MB`. */
  readonly size: string;
  /** Bytes of one page: limits are rounded down to a multiple. */
  readonly pageSize: number;
  /** What follows the size: `max`, `rsvd.current`, `events.local`. */
  readonly key: string;
}

/** undefined for a name of another controller. */
export function parseHugetlbName(name: string): HugetlbFile | undefined {
  const match = /^hugetlb\.((\d+)([KMG]B))\.(.+)$/.exec(name);
  if (match === null) return undefined;
  const [, size, count, unit, key] = match;
  const bytes = UNITS.get(unit ?? '');
  if (size === undefined || key === undefined || bytes === undefined) return undefined;
  return { size, pageSize: Number(count) * bytes, key };
}

/** `hugetlb.2MB.max` from 2097152 and `max`. */
export function hugetlbName(pageSize: number, key: string): string {
  const [unit, bytes] = [...UNITS].findLast(([, one]) => pageSize >= one) ?? ['KB', 1024];
  return `hugetlb.${Math.floor(pageSize / bytes)}${unit}.${key}`;
}
