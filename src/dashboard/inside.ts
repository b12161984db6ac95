/** The inside of the selected row: what is read of it alone, each part only while a pane that demands it is on the screen. */

import type { SharedLooks } from '../diagnosis/trouble-watch.ts';
import { type FileSystem, readFileSystem } from '../inventory/filesystem/read.ts';
import { createNetworkInspector, type NetworkAnswer } from '../inventory/network/inspect.ts';
import type { Workload } from '../inventory/workload.ts';
import type { WorkloadNamespaces } from '../inventory/workload-namespaces.ts';
import type { InterfaceCounters } from '../kernel/net-dev.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
import { type LimitInForce, readLimitsInForce } from '../limits/catalogue/limits-in-force.ts';
import { type DeviceIo, type DeviceReadings, deviceIo, readDeviceIo } from '../metrics/device-io.ts';
import { type InterfaceTotals, interfaceRates, interfaceTotals } from '../metrics/interface-rates.ts';
import type { Frame } from '../metrics/source.ts';
import type { FilesystemInside } from './filesystem-view.ts';
import { openSelectedNamespaces } from './namespaces.ts';
import { createPaced } from './paced.ts';
import { type DiagnosisLook, openSelectedDiagnosis } from './selected-diagnosis.ts';
import { createWrittenMeasurer } from './written.ts';

/** What was read of the selected row; a part that was not read yet is absent. */
export interface Inside {
  readonly namespaces?: WorkloadNamespaces | undefined;
  readonly network?: NetworkInside | undefined;
  readonly filesystem?: FilesystemInside | undefined;
  readonly devices?: DevicesInside | undefined;
  /** The limits that are set, without those that a column of the table shows. */
  readonly limits?: readonly LimitInForce[] | undefined;
  readonly diagnosis?: DiagnosisLook | undefined;
  /** All figures of a row of another machine, as its only row. */
  readonly whole?: Frame | undefined;
}

export interface DevicesInside {
  readonly readings: DeviceReadings;
  readonly list: readonly DeviceIo[];
}

export interface NetworkInside {
  readonly answer: NetworkAnswer;
  /** A second, by name of the interface. */
  readonly rates: ReadonlyMap<string, InterfaceCounters>;
  readonly totals?: InterfaceTotals | undefined;
}

export type Part = keyof Inside;

/** Runs the work and shows why it failed; where it reads a `part`, as long as a pane demands that part. */
export type Guarded = (what: string, work: () => Promise<void>, part?: Part) => Promise<void>;

/** What is on the screen now. */
export interface OnScreen {
  readonly selected: Workload | undefined;
  readonly workloads: readonly Workload[];
  /** What the panes on the screen demand. */
  readonly demands: ReadonlySet<Part>;
  /** Whether the display is held. */
  readonly isHeld: boolean;
}

export interface SelectedInside {
  /** Reads what is demanded, where that is due; nothing waits for it. */
  look(on: OnScreen): void;
  of(selected: Workload | undefined, workloads: readonly Workload[]): Inside;
}

export interface InsideOptions {
  readonly mount: string;
  /** The cgroup that is mounted there: `Hierarchy.root`. */
  readonly root?: string;
  readonly proc: string;
  readonly readFiles: ReadFiles;
  readonly looks: SharedLooks;
  /** There is something new to be seen. */
  readonly onNews: () => void;
  readonly guarded: Guarded;
}

/** A little less than a second, so that every tick of a second reads. */
const RATES_PACE_MS = 900;
const LIMITS_PACE_MS = 1900;
const FILESYSTEM_PACE_MS = 10_000;

export function openInside(options: InsideOptions): SelectedInside {
  const { onNews, guarded } = options;
  const { inspect } = createNetworkInspector(options);
  const namespaces = openSelectedNamespaces(options);
  const network = createPaced<NetworkInside>({
    paceMs: RATES_PACE_MS,
    read: async (selected, workloads, before) => {
      const answer = await inspect(selected, workloads);
      if ('reason' in answer) return { answer, rates: new Map(), totals: before?.totals };
      const totals = interfaceTotals(before?.totals, answer);
      return { answer, rates: interfaceRates(before?.totals, totals, answer.interfaces), totals };
    },
  });
  const filesystem = createPaced<FileSystem>({
    paceMs: FILESYSTEM_PACE_MS,
    read: (selected) => readFileSystem(selected, options),
  });
  const written = createWrittenMeasurer({ onNews });
  const devices = createPaced<DevicesInside>({
    paceMs: RATES_PACE_MS,
    read: async ({ path }, _, before) => {
      const readings = await readDeviceIo(options.mount, path, options.readFiles, before?.readings);
      return { readings, list: deviceIo(before?.readings, readings) };
    },
  });
  const limits = createPaced<readonly LimitInForce[]>({
    paceMs: LIMITS_PACE_MS,
    read: ({ path }) => readLimitsInForce(options.mount, path, options.readFiles),
  });
  const diagnosis = openSelectedDiagnosis(options);
  const readers = { namespaces, network, filesystem, devices, limits, diagnosis };

  function of(selected: Workload | undefined, workloads: readonly Workload[]): Inside {
    const files = filesystem.of(selected);
    return {
      namespaces: namespaces.of(selected, workloads),
      network: network.of(selected),
      devices: devices.of(selected),
      limits: limits.of(selected),
      diagnosis: diagnosis.of(selected),
      filesystem: files && { files, written: written.of(files.writable) },
    };
  }

  return {
    look({ selected, workloads, demands, isHeld }) {
      // Only a store has `whole`.
      const shown = [...demands].filter((part) => part !== 'whole');
      written.follow(shown.includes('filesystem') ? filesystem.of(selected)?.writable : undefined, !isHeld);
      if (!selected || !shown.includes('diagnosis')) diagnosis.stop();
      if (!selected) return;
      const known = of(selected, workloads);
      for (const part of shown) {
        // What is held stands still, but one that was never read is not "reading …" for ever.
        if (isHeld && known[part] !== undefined) continue;
        void guarded(
          part,
          async () => {
            if (await readers[part].read(selected, workloads)) onNews();
          },
          part,
        );
      }
    },
    of,
  };
}
