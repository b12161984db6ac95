/** Moments made by hand and at random, for the tests of recordings. */

import fc from 'fast-check';
import { draftAfter } from '../../src/metrics/draft.ts';
import { COLUMN_COUNT, FILE_OF_COLUMN, SNAPSHOT_FILES } from '../../src/metrics/files.ts';
import { parentRows, unknownFigures } from '../../src/metrics/snapshot.ts';
import { ownHeader } from '../../src/recording/format/encode.ts';
import { isSoundIn } from '../../src/recording/format/impossible.ts';
import type { Moment, RecordedProcess } from '../../src/recording/format/moment.ts';
import { HOST } from '../metrics/snapshots.ts';

export const HEADER = ownHeader({
  program: 'tscg 0.1.0',
  host: { name: 'here', kernel: '6.12.0', boot: 'b' },
  interval: 1000,
  started: 1_700_000_000_000,
  redacted: false,
});

const figure = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 1e6 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 500 }).map((value) => value / 100) },
  fc.maxSafeNat(),
  fc.double({ min: 0, max: 2 ** 64 }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0),
);

const processAt = (cgroup: string, pid: number, figures: readonly number[]): RecordedProcess => ({
  pid,
  innerPid: 1,
  startTime: 10 * pid,
  comm: `p${pid}`,
  command: `/bin/p${pid} --flag`,
  cgroup,
  entered: false,
  isNestedInit: false,
  isKernelThread: false,
  state: 'S',
  ppid: 1,
  uid: figures[0] ?? 0,
  threads: 1,
  utimeTicks: figures[1] ?? Number.NaN,
  stimeTicks: figures[2] ?? 0,
  rssBytes: figures[3] ?? 0,
  waitNs: Number.NaN,
});

/** What one step changes: cells by index, which rows there are, what else happens. */
const step = fc.record({
  rows: fc.subarray([1, 2, 3, 4, 5, 6], { minLength: 0 }),
  cells: fc.array(fc.tuple(fc.nat(), figure), { maxLength: 30 }),
  times: fc.array(
    fc.tuple(
      fc.nat(),
      fc.oneof(
        fc.nat(1e6).map((ticks) => ticks / 16),
        fc.double(),
      ),
    ),
    { maxLength: 9 },
  ),
  name: fc.string({ unit: 'binary', maxLength: 6 }),
  pids: fc.option(fc.subarray([7, 8, 9])),
  figures: fc.array(figure, { maxLength: 4 }),
  isOom: fc.boolean(),
});

/** Any sequence of moments. */
export const sequences = fc.array(step, { minLength: 1, maxLength: 12 }).map((steps): Moment[] => {
  const moments: Moment[] = [];
  steps.forEach(({ rows: inodes, cells, times: changed, pids, figures, isOom }, index) => {
    const before = moments.at(-1);
    const old = before?.snapshot.rows.map(({ inode }) => inode).join();
    const rows =
      before && old === inodes.join()
        ? before.snapshot.rows
        : inodes.map((inode) => ({ path: inode === 1 ? '/' : `/c${inode}`, inode }));
    const parents = parentRows(rows);
    const isSame = before?.snapshot.rows === rows;
    const known = isSame ? before.snapshot : { rows, parents, ...unknownFigures(rows.length) };
    const draft = draftAfter(known, rows, 1000 * index);
    for (const [at, value] of rows.length > 0 ? cells : []) {
      const [column, row] = [Math.floor(at / rows.length) % COLUMN_COUNT, at % rows.length];
      draft.setValue(column, row, isSoundIn(column, value) ? value : 7);
      draft.setError(FILE_OF_COLUMN[column] ?? 0, row, at % 251);
    }
    for (const [at, time] of rows.length > 0 ? changed : [])
      draft.setTime(Math.floor(at / rows.length) % SNAPSHOT_FILES.length, at % rows.length, time);
    const { values, errors, times } = draft;
    const wall = 1_700_000_000_000 + 1000 * index;
    moments.push({
      snapshot: {
        ...{ wall, monotonic: 1000 * index, rows, parents, values, errors, times },
        host: { ...HOST, cpuBusyTicks: index, load: [0.25, 1, index], time: 1000 * index },
      },
      workloads:
        before?.snapshot.rows === rows
          ? before.workloads
          : rows.map(({ path, inode }) => ({ kind: 'container', name: `n${inode}`, path, inode })),
      hidden: index % 2,
      cost: { milliseconds: index / 3, reads: 4, descriptors: 5, missed: 0 },
      ...(pids === null
        ? { processes: before?.processes, processesBefore: before?.processesBefore }
        : {
            processes: {
              time: index,
              list: pids.map((pid) =>
                processAt(
                  '/c2',
                  pid,
                  figures.filter((figure) => figure !== Number.POSITIVE_INFINITY),
                ),
              ),
            },
            processesBefore: before?.processes,
          }),
      events: isOom ? [{ time: wall, kind: 'oom', name: 'web', path: '/c2', text: 'killed' }] : [],
      findings: [],
      changes: [],
    });
  });
  return moments;
});

/** A moment of one cgroup, for a program that a test starts. */
export function fixed(second: number): Moment {
  const rows = [{ path: '/web', inode: 1 }];
  const { values, errors, times } = unknownFigures(1);
  values[0]?.fill(second);
  return {
    snapshot: {
      ...{ wall: Date.UTC(2026, 10, 29) + 1000 * second, monotonic: 1000 * second, host: HOST, rows },
      ...{ parents: parentRows(rows), values, errors, times },
    },
    workloads: [{ kind: 'container', name: 'web', path: '/web', inode: 1 }],
    hidden: 0,
    cost: { milliseconds: 1, reads: 1, descriptors: 1, missed: 0 },
    ...{ processes: undefined, processesBefore: undefined, events: [], findings: [], changes: [] },
  };
}
