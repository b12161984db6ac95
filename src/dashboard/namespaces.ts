/** Namespaces of the selected row, from a scan of all processes that is made only while they are shown, and seldom. */

import { createNamespaceScanner, type NamespaceScan } from '../inventory/namespaces.ts';
import type { Workload } from '../inventory/workload.ts';
import { namespacesOf, type WorkloadNamespaces } from '../inventory/workload-namespaces.ts';
import { madeFrom } from '../metrics/made-from.ts';
import { createPaced, type Paced } from './paced.ts';

export interface SelectedNamespaces extends Pick<Paced<NamespaceScan>, 'read'> {
  /** What the last scan gave; undefined for a row that was not there then. */
  of(selected: Workload | undefined, workloads: readonly Workload[]): WorkloadNamespaces | undefined;
}

/** Milliseconds between two scans. */
const PACE_MS = 10_000;
/** A scan reads the files of all processes. */
const REST = 50;

export function openSelectedNamespaces(options: { mount: string; proc: string }): SelectedNamespaces {
  const scanAll = createNamespaceScanner(options);
  const scans = createPaced({ read: () => scanAll(), paceMs: PACE_MS, rest: REST, isOfAll: true });
  const lastFound = madeFrom<WorkloadNamespaces>();
  return {
    read: scans.read,
    of(selected, workloads) {
      const scan = scans.of(selected);
      if (!scan || !selected) return undefined;
      return lastFound([scan, selected, workloads], () => namespacesOf(selected, workloads, scan));
    },
  };
}
