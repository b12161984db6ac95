/** What is read for the selected row while a pane shows it: one read at a time, and seldom enough to cost little. */

import type { Workload } from '../inventory/workload.ts';

export interface Paced<T> {
  /** Reads where that is due; true where it did. */
  read(selected: Workload, workloads: readonly Workload[]): Promise<boolean>;
  /** What the last read gave; undefined for a row that it was not about. */
  of(selected: Workload | undefined): T | undefined;
}

export interface PacedOptions<T> {
  /** `before`: what the read before gave of this row. */
  readonly read: (selected: Workload, workloads: readonly Workload[], before: T | undefined) => Promise<T>;
  /** Milliseconds between two reads of one row. */
  readonly paceMs: number;
  /** A pause lasts at least so many times as long as the last read took, also for a new row. */
  readonly rest?: number;
  /** A read is about all rows that there are then, not about the selected one alone. */
  readonly isOfAll?: boolean;
}

const REST = 10;

export function createPaced<T>({ read, paceMs, rest = REST, isOfAll = false }: PacedOptions<T>): Paced<T> {
  let last: { readonly inodes: ReadonlySet<number>; readonly found: T } | undefined;
  let isReading = false;
  let [ended, took] = [Number.NEGATIVE_INFINITY, 0];
  const lastOf = ({ inode }: Workload) => (last?.inodes.has(inode) ? last : undefined);
  return {
    async read(selected, workloads) {
      const before = lastOf(selected);
      if (isReading || performance.now() < ended + Math.max(rest * took, before ? paceMs : 0)) return false;
      isReading = true;
      const started = performance.now();
      try {
        const inodes = new Set((isOfAll ? workloads : [selected]).map(({ inode }) => inode));
        last = { inodes, found: await read(selected, workloads, before?.found) };
      } finally {
        ended = performance.now();
        took = ended - started;
        isReading = false;
      }
      return true;
    },
    of: (selected) => selected && lastOf(selected)?.found,
  };
}
