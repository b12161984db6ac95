/** Namespaces of the selected row, from a scan of all processes that is made only while they are shown, and seldom. */
import { createNamespaceScanner, type NamespaceScan } from '../inventory/namespaces.ts';
import type { Workload } from '../inventory/workload.ts';
import { namespacesOf, type WorkloadNamespaces } from '../inventory/workload-namespaces.ts';

export interface SelectedNamespaces {
  /** Scans where that is due; true where it did. */
  read(selected: Workload, workloads: readonly Workload[]): Promise<boolean>;
  /** What the last scan gave; undefined for a row that was not there then. */
  of(selected: Workload | undefined, workloads: readonly Workload[]): WorkloadNamespaces | undefined;
}

/** Milliseconds between two scans. */
const PACE_MS = 10_000;
/** A pause lasts at least so many times as long as the last read took, also for a new row. */
const REST = 50;

export function openSelectedNamespaces(options: { mount: string; proc: string }): SelectedNamespaces {
  const scanAll = createNamespaceScanner(options);
  let scan: NamespaceScan | undefined;
  /** Inodes of the rows that were there when it was made. */
  let known: ReadonlySet<number> = new Set();
  let isReading = false;
  let [ended, took] = [Number.NEGATIVE_INFINITY, 0];
  let last: { readonly inputs: readonly unknown[]; readonly found: WorkloadNamespaces } | undefined;
  return {
    async read(selected, workloads) {
      const pace = Math.max(REST * took, known.has(selected.inode) ? PACE_MS : 0);
      if (isReading || performance.now() < ended + pace) return false;
      isReading = true;
      const started = performance.now();
      try {
        const inodes = new Set(workloads.map(({ inode }) => inode));
        scan = await scanAll();
        known = inodes;
      } finally {
        ended = performance.now();
        took = ended - started;
        isReading = false;
      }
      return true;
    },
    of(selected, workloads) {
      if (!scan || !selected || !known.has(selected.inode)) return undefined;
      const inputs = [scan, selected, workloads];
      if (!last || inputs.some((input, index) => input !== last?.inputs[index])) {
        last = { inputs, found: namespacesOf(selected, workloads, scan) };
      }
      return last.found;
    },
  };
}
