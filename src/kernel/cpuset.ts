/**
 * The cpuset controller: lists of CPUs or memory nodes, and the state of a partition.
 *
 *     cpuset.cpus            0-3,8
 *                            0-7:1/2      (written only) the first of every 2: 0,2,4,6
 *     cpuset.cpus.partition  member | root | isolated | root invalid (Parent is not a partition root)
 */

/** No kernel is built for more CPUs; keeps a list like 0-4294967295 from eating the memory. */
const MOST_CPUS = 65536;

const PART = /^(\d+)(?:-(\d+)(?::(\d+)\/(\d+))?)?$/;

/** The ids, ascending and each once; empty for an empty file. Parts that are no list are skipped: see `isCpuList`. */
export function parseCpuList(text: string): number[] {
  const ids = new Set<number>();
  for (const part of parts(text)) for (const id of expand(part) ?? []) ids.add(id);
  return [...ids].sort((a, b) => a - b);
}

/** Whether the kernel would read every part, for lists that users type. */
export const isCpuList = (text: string): boolean => parts(text).every((part) => expand(part) !== undefined);

/**
 * Ascending ranges: `0-3,8`. Empty for no ids. Write a newline after it: the kernel clears the list at a write of a newline, and
 * ignores a write of no bytes.
 */
export function formatCpuList(ids: Iterable<number>): string {
  const ranges: string[] = [];
  let first: number | undefined;
  let last = -1;
  const close = (): void => {
    if (first !== undefined) ranges.push(first === last ? `${first}` : `${first}-${last}`);
  };
  for (const id of [...new Set(ids)].sort((a, b) => a - b)) {
    if (first === undefined || id !== last + 1) {
      close();
      first = id;
    }
    last = id;
  }
  close();
  return ranges.join(',');
}

const parts = (text: string): string[] => text.split(/[,\s]+/).filter((part) => part !== '');

function expand(part: string): number[] | undefined {
  const match = PART.exec(part);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  const used = Number(match[3] ?? 1);
  const group = Number(match[4] ?? 1);
  if (last < first || last >= MOST_CPUS || used < 1 || used > group) return undefined;
  const ids: number[] = [];
  for (let id = first; id <= last; id++) if ((id - first) % group < used) ids.push(id);
  return ids;
}

export interface Partition {
  /** `member`, `root` or `isolated`: what was asked for. */
  readonly type: string;
  /** False where the kernel could not give what was asked for. */
  readonly valid: boolean;
  /** Why it is not valid, in the kernel's words. */
  readonly reason?: string;
}

/** undefined when empty. Write `type` alone; the write may succeed and leave it invalid. */
export function parsePartition(text: string): Partition | undefined {
  const match = /^(\S+)(\s+invalid)?(?:\s+\((.*)\))?/.exec(text.trim());
  if (match?.[1] === undefined) return undefined;
  const [, type, invalid, reason] = match;
  return { type, valid: invalid === undefined, ...(reason !== undefined && { reason }) };
}
