/**
 * The limit catalogue has one row for each interface file that limits something, with every flag that sets it. The flags and
 * help of `tscg set`, validation, tstop's form, policies and the documentation are made from it: adding a limit is adding a row.
 */

import { parseHugetlbName } from '../../kernel/hugetlb.ts';
import type { Limit } from '../model.ts';
import { CPU_LIMITS } from './cpu.ts';
import { CPUSET_LIMITS } from './cpuset.ts';
import { IO_LIMITS } from './io.ts';
import { MEMORY_LIMITS } from './memory.ts';
import { hugetlbLimit, OTHER_LIMITS } from './others.ts';

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
  // A journal or a policy from elsewhere may name a page size that this machine does not have.
  const hugetlb = parseHugetlbName(file);
  return hugetlb?.key === 'max' ? hugetlbLimit(hugetlb.pageSize) : undefined;
}

/**
 * The flags that set the kernel's file as a whole, where its name is written as a flag or without its controller too:
 * `--memory-max`, `swap.max`. None for a name that may be of several.
 */
export function flagsOfFile(name: string): string[] {
  const wanted = dashed(name.replace(/^-+/, ''));
  const [limit, ...others] = LIMITS.filter(({ file, controller }) =>
    [file, file.slice(controller.length + 1)].some((known) => dashed(known) === wanted),
  );
  if (limit === undefined || others.length > 0) return [];
  const whole = limit.flags.filter(({ part }) => part === undefined);
  return (whole.length > 0 ? whole : limit.flags).map(({ long }) => long);
}

const dashed = (text: string): string => text.replaceAll(/[_.]/g, '-');
