/**
 * Counters that went back. A counter of a living cgroup only grows, yet a single read may lack it: io.stat was seen with
 * `252:0 ` in place of `252:0 rbytes=40137493143552 …`, and was whole again a second later. Such a read is not believed:
 * taken for 0 it would show the total of a lifetime as the change of one interval. The last known values stay, with their
 * time, so that no rate is told now and the next one is over the whole time between two good reads.
 *
 * A counter that stays low was lost for good, with a disk that was pulled out or an interface that was removed: after
 * MOST_DOUBTED reads the lower value is believed.
 */

import type { Draft } from './draft.ts';
import { column, FILE_OF_COLUMN, FIRST_COLUMN, NETWORK_FILE, SNAPSHOT_FILES } from './files.ts';
import { COUNTERS_FELL, errorAt, type Snapshot, timeAt, valueAt } from './snapshot.ts';

/** Counters that are read together, as last believed. */
export interface Counters {
  /** CLOCK_MONOTONIC milliseconds of the read. */
  readonly time: number;
  /** NaN where unknown. */
  readonly values: readonly number[];
  /** Reads since then that were not believed. */
  readonly doubted: number;
  /** The values before a fall that was believed in the end. */
  readonly lost?: readonly number[];
  /** What was lost is there again: the rise since the read before is no change. */
  readonly restored?: true;
}

export const MOST_DOUBTED = 3;

/** What is believed after a read. The result has the time and values of `before` where the read is not believed. */
export function believe(before: Counters | undefined, time: number, values: readonly number[]): Counters {
  if (!before) return { time, values, doubted: 0 };
  if (values.some((value, index) => isFall(before.values[index], value))) {
    if (before.doubted < MOST_DOUBTED) return { ...before, doubted: before.doubted + 1 };
    const lost = before.values.map((value, index) => Math.max(value, before.lost?.[index] ?? value));
    return { time, values, doubted: 0, lost };
  }
  const { lost } = before;
  if (!lost) return { time, values, doubted: 0 };
  const isRestored = values.some(
    (value, index) => isFall(lost[index], before.values[index]) && !isFall(lost[index], value),
  );
  return isRestored ? { time, values, doubted: 0, restored: true } : { time, values, doubted: 0, lost };
}

/** The later value is lower, or missing. */
const isFall = (known: number | undefined, value: number | undefined): boolean =>
  known !== undefined && !Number.isNaN(known) && !((value ?? Number.NaN) >= known);

/** Change of a counter a second; NaN where either value is unknown, it fell or was restored, or no time passed. */
export function ratePerSecond(before: Counters | undefined, now: Counters, index: number): number {
  const change = (now.values[index] ?? Number.NaN) - (before?.values[index] ?? Number.NaN);
  const seconds = (now.time - (before?.time ?? Number.NaN)) / 1000;
  return change >= 0 && seconds > 0 && !now.restored ? change / seconds : Number.NaN;
}

/** Columns of the counters of each file of a Snapshot. */
const COLUMNS_OF_FILE: readonly (readonly number[])[] = SNAPSHOT_FILES.map(({ counters = [] }, file) =>
  counters.map((key) => column(`${SNAPSHOT_FILES[file]?.file}:${key}`)),
);
const NETWORK = SNAPSHOT_FILES.indexOf(NETWORK_FILE);
const NETNS = column(`${NETWORK_FILE.file}:netns`);

export interface CounterCheck {
  /**
   * Puts the last known values and times back into `now`, by file and row, where a counter went back since `before`.
   * `previousRows`: row of `before` by row of `now`, -1 for none.
   */
  settle(now: Draft, before: Snapshot, previousRows: Int32Array): void;
}

export function createCounterCheck(): CounterCheck {
  /** By file and inode: rows in doubt, and those that lost counters. Most of the time there are none. */
  const watched = SNAPSHOT_FILES.map(() => new Map<number, Counters>());

  /** Rows of one file that need a look. */
  function suspects(file: number, now: Draft, before: Snapshot, previousRows: Int32Array): Set<number> {
    const found = new Set<number>();
    for (const index of COLUMNS_OF_FILE[file] ?? []) {
      const values = now.values[index];
      const knownValues = before.values[index];
      if (!values || !knownValues || values === knownValues) continue;
      for (let row = 0; row < values.length; row++) {
        const known = knownValues[previousRows[row] ?? -1] ?? Number.NaN;
        const value = values[row] ?? Number.NaN;
        if (known > value || (Number.isNaN(value) && !Number.isNaN(known))) found.add(row);
      }
    }
    const known = watched[file];
    if (known && known.size > 0) now.rows.forEach(({ inode }, row) => void (known.has(inode) && found.add(row)));
    return found;
  }

  function settleRow(file: number, row: number, now: Draft, before: Snapshot, previous: number): void {
    const inode = now.rows[row]?.inode ?? -1;
    const time = timeAt(now, file, row);
    const oldTime = timeAt(before, file, previous);
    // Not read in this pass, or it failed and says why.
    if (!(time > oldTime) || errorAt(now, file, row) !== 0) return;
    const oldAt = (index: number): number => valueAt(before, index, previous);
    // The counters of another network namespace are others.
    if (file === NETWORK && oldAt(NETNS) !== valueAt(now, NETNS, row)) return void watched[file]?.delete(inode);
    const columns = COLUMNS_OF_FILE[file] ?? [];
    const known = watched[file]?.get(inode) ?? { time: oldTime, values: columns.map(oldAt), doubted: 0 };
    const read = columns.map((index) => valueAt(now, index, row));
    const believed = believe(known, time, read);
    if (believed.doubted > 0) {
      const first = FIRST_COLUMN[file] ?? 0;
      for (let index = first; FILE_OF_COLUMN[index] === file; index++) now.setValue(index, row, oldAt(index));
      now.setTime(file, row, oldTime);
      now.setError(file, row, COUNTERS_FELL);
    } else if (believed.restored) {
      for (const index of columns) now.setValue(index, row, Number.NaN);
    }
    if (believed.doubted > 0 || believed.lost || believed.restored) watched[file]?.set(inode, believed);
    else watched[file]?.delete(inode);
  }

  return {
    settle(now, before, previousRows) {
      for (let file = 0; file < SNAPSHOT_FILES.length; file++) {
        for (const row of suspects(file, now, before, previousRows)) {
          const previous = previousRows[row] ?? -1;
          if (previous >= 0) settleRow(file, row, now, before, previous);
        }
      }
      if (now.rows === before.rows) return;
      const living = new Set(watched.some(({ size }) => size > 0) ? now.rows.map(({ inode }) => inode) : []);
      for (const rows of watched) for (const inode of rows.keys()) if (!living.has(inode)) rows.delete(inode);
    },
  };
}
