/** What is read of the selected row alone, while a pane shows it: one read at a time, and seldom enough to cost little. */
import type { Workload } from '../inventory/workload.ts';

export interface Paced<T> {
  /** Reads where that is due; true where it did. */
  read(selected: Workload, workloads: readonly Workload[]): Promise<boolean>;
  /** What the last read gave; undefined for another row than that of the read. */
  of(selected: Workload | undefined): T | undefined;
}

export interface PacedOptions<T> {
  /** `before`: what the read before gave of this row. */
  readonly read: (selected: Workload, workloads: readonly Workload[], before: T | undefined) => Promise<T>;
  /** Milliseconds between two reads of one row. */
  readonly paceMs: number;
}

/** A pause lasts at least so many times as long as the last read took, also for a new row. */
const REST = 10;

export function createPaced<T>({ read, paceMs }: PacedOptions<T>): Paced<T> {
  let last: { readonly inode: number; readonly found: T } | undefined;
  let isReading = false;
  let [ended, took] = [Number.NEGATIVE_INFINITY, 0];
  return {
    async read(selected, workloads) {
      const before = last?.inode === selected.inode ? last : undefined;
      if (isReading || performance.now() < ended + Math.max(REST * took, before ? paceMs : 0)) return false;
      isReading = true;
      const started = performance.now();
      try {
        last = { inode: selected.inode, found: await read(selected, workloads, before?.found) };
      } finally {
        ended = performance.now();
        took = ended - started;
        isReading = false;
      }
      return true;
    },
    of: (selected) => (selected && last?.inode === selected.inode ? last.found : undefined),
  };
}
