/** Limits that tscg set and that somebody changed since: who did it is told once, and shown as long as it lasts. */

import { crunInner } from '../inventory/crun.ts';
import type { Workload } from '../inventory/workload.ts';
import { type Drift, driftText } from '../limits/applying/drift.ts';
import type { LogEvent } from '../metrics/events.ts';
import type { Line } from './style.ts';

export interface DriftWatch {
  /** Looks again, and gives events of the drifts that were not there at the last look. */
  look(now: number): LogEvent[];
  /** All drifts that the last look found. */
  all(): readonly Drift[];
}

/** Whether the event may be the change of a limit that tscg has set. */
export const isDriftSign = ({ kind }: LogEvent): boolean => kind === 'limit' || kind === 'frozen' || kind === 'thawed';

/** `find` compares the journal with the files. */
export function createDriftWatch(find: () => readonly Drift[]): DriftWatch {
  let drifts: readonly Drift[] = [];
  return {
    look: (now) => {
      const known = new Set(drifts.map(keyOf));
      drifts = find();
      return drifts
        .filter((drift) => !known.has(keyOf(drift)))
        .map((drift) => ({
          time: now,
          kind: 'drift',
          name: drift.write.name,
          path: drift.write.path,
          text: remedied(drift),
        }));
    },
    all: () => drifts,
  };
}

const keyOf = ({ change, write, now }: Drift): string => `${change.id}/${write.inode}/${write.file}/${now}`;

const remedied = (drift: Drift): string => `${driftText(drift)}; tscg reapply ${drift.change.id}`;

/** The drifts of one workload, and of the sub-cgroup in which its runtime keeps its limits. */
export const driftLines = (drifts: readonly Drift[], workload: Workload): Line[] =>
  drifts
    .filter(({ write }) => write.path === workload.path || write.path === crunInner(workload.path, workload))
    .map((drift) => [
      ['Drift    ', 'accent'],
      [remedied(drift), 'warning'],
    ]);
