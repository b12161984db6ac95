/**
 * cgroup.type: `domain`, `domain threaded`, `domain invalid` or `threaded`. The real root cgroup has no such file.
 */

const TYPES = ['domain', 'domain threaded', 'domain invalid', 'threaded'] as const;

export type CgroupType = (typeof TYPES)[number];

/** undefined for an empty or unknown text. `threaded` is the only type that may be written. */
export function parseCgroupType(text: string): CgroupType | undefined {
  return TYPES.find((type) => type === text.trim());
}

/** Whether it holds whole processes: the others have threads alone, and their cgroup.procs cannot be read (EOPNOTSUPP). */
export const hasProcs = (type: CgroupType): boolean => type === 'domain' || type === 'domain threaded';
