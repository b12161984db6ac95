/** PSI of workloads before a change and while it lasted. */

import type { CgroupFiles } from '../../../kernel/cgroup-files.ts';
import { monotonicMs } from '../../../kernel/monotonic.ts';
import { parsePressure } from '../../../kernel/pressure.ts';
import { RESOURCES, type Resource } from '../../../metrics/host.ts';

export interface PressureReading {
  /** Milliseconds of CLOCK_MONOTONIC, which all processes share. */
  readonly at: number;
  /** By path and resource: percent over the last minute, and microseconds in all. */
  readonly stalls: ReadonlyMap<string, { readonly avg60: number; readonly total: number }>;
}

const key = (path: string, resource: Resource): string => `${resource} ${path}`;

/** Reads the pressure of the workloads; files that cannot be read are left out. */
export function readPressure(paths: readonly string[], files: CgroupFiles): PressureReading {
  const stalls = new Map<string, { avg60: number; total: number }>();
  for (const path of paths) {
    for (const resource of RESOURCES) {
      try {
        const { some } = parsePressure(files.read(path, `${resource}.pressure`));
        if (some) stalls.set(key(path, resource), { avg60: some.avg60, total: some.total });
      } catch {
        // The cgroup has ended, or PSI is off.
      }
    }
  }
  return { at: monotonicMs(), stalls };
}

export interface PressureChange {
  readonly path: string;
  readonly resource: Resource;
  /** Percent of the minute before. */
  readonly before: number;
  /** Percent of the time between the two readings. */
  readonly during: number;
}

/** Those that had any pressure, the greatest change first. */
export function comparePressure(
  paths: readonly string[],
  start: PressureReading,
  end: PressureReading,
): PressureChange[] {
  const usec = (end.at - start.at) * 1000;
  return paths
    .flatMap((path) =>
      RESOURCES.flatMap((resource): PressureChange[] => {
        const [first, last] = [start.stalls.get(key(path, resource)), end.stalls.get(key(path, resource))];
        if (!first || !last || !(usec > 0)) return [];
        const during = (Math.max(0, last.total - first.total) / usec) * 100;
        return [{ path, resource, before: first.avg60, during }];
      }),
    )
    .filter(({ before, during }) => before >= LEAST_SHOWN || during >= LEAST_SHOWN)
    .sort((a, b) => Math.abs(b.during - b.before) - Math.abs(a.during - a.before));
}

const LEAST_SHOWN = 0.1;
