/**
 * The limit catalogue: one row an interface file that limits something, with every flag that sets it. Flags and help of
 * `tscg set`, validation, the dashboard's form and the documentation are read from it; adding a limit is adding a row.
 */
import { parseHugetlbName } from '../kernel/hugetlb.ts';
import { CPU_LIMITS } from './catalogue/cpu.ts';
import { CPUSET_LIMITS } from './catalogue/cpuset.ts';
import { IO_LIMITS } from './catalogue/io.ts';
import type { Limit } from './catalogue/limit.ts';
import { MEMORY_LIMITS } from './catalogue/memory.ts';
import { hugetlbLimit, OTHER_LIMITS } from './catalogue/others.ts';

export type { Edit, Limit, LimitFlag, Peek } from './catalogue/limit.ts';
export { sizeText } from './catalogue/limit.ts';

export const LIMITS: readonly Limit[] = [
  ...CPU_LIMITS,
  ...CPUSET_LIMITS,
  ...MEMORY_LIMITS,
  ...IO_LIMITS,
  ...OTHER_LIMITS,
];

const byFile = new Map(LIMITS.map((limit) => [limit.file, limit]));

/** The row of a file; undefined for one that limits nothing. */
export function findLimit(file: string): Limit | undefined {
  const known = byFile.get(file);
  if (known) return known;
  // A page size that this machine does not have: of a journal or a policy from elsewhere.
  const hugetlb = parseHugetlbName(file);
  return hugetlb?.key === 'max' ? hugetlbLimit(hugetlb.pageSize) : undefined;
}
