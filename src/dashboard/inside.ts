/** The inside of the selected row: what is read of it alone, each only while a pane that tells of it is on the screen. */
import { createNetworkInspector, type NetworkAnswer } from '../inventory/network/inspect.ts';
import type { Workload } from '../inventory/workload.ts';
import type { WorkloadNamespaces } from '../inventory/workload-namespaces.ts';
import type { InterfaceCounters } from '../kernel/net-dev.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
import { interfaceRates } from '../metrics/interface-rates.ts';
import type { CellKind } from './dashboards.ts';
import { openSelectedNamespaces } from './namespaces.ts';
import { createPaced } from './paced.ts';

/** Of the selected row; absent where it was not read yet. */
export interface Inside {
  readonly namespaces?: WorkloadNamespaces | undefined;
  readonly network?: NetworkLook | undefined;
}

export interface NetworkLook {
  readonly answer: NetworkAnswer;
  /** A second, by name of the interface. */
  readonly rates: ReadonlyMap<string, InterfaceCounters>;
}

type Part = keyof Inside;

/** Panes that tell of it. */
const TOLD_BY: Readonly<Record<Part, readonly CellKind[]>> = {
  namespaces: ['namespaces'],
  network: ['network', 'container'],
};
const PARTS: readonly Part[] = ['namespaces', 'network'];

export interface SelectedInside {
  /** Parts that these panes tell of. */
  partsOf(panes: readonly CellKind[]): readonly Part[];
  /** Reads where that is due; true where it did. Takes a while on a full machine: no tick waits for it. */
  read(part: Part, selected: Workload, workloads: readonly Workload[]): Promise<boolean>;
  of(selected: Workload | undefined, workloads: readonly Workload[]): Inside;
}

const NETWORK_PACE_MS = 900;

export function openInside(options: { mount: string; proc: string; readFiles: ReadFiles }): SelectedInside {
  const { inspect } = createNetworkInspector(options);
  const namespaces = openSelectedNamespaces(options);
  const network = createPaced<NetworkLook>({
    paceMs: NETWORK_PACE_MS,
    read: async (selected, workloads, before) => {
      const answer = await inspect(selected, workloads);
      const known = before && !('reason' in before.answer) ? before.answer : undefined;
      return { answer, rates: 'reason' in answer ? new Map() : interfaceRates(known, answer) };
    },
  });
  const parts = { namespaces, network };
  return {
    partsOf: (panes) => PARTS.filter((part) => TOLD_BY[part].some((kind) => panes.includes(kind))),
    read: (part, selected, workloads) => parts[part].read(selected, workloads),
    of: (selected, workloads) => ({
      namespaces: namespaces.of(selected, workloads),
      network: network.of(selected),
    }),
  };
}
