/** Moments made by hand and at random, for the tests of recordings. */
import fc from 'fast-check';
import { FILE_OF_COLUMN } from '../../src/metrics/files.ts';
import { emptyColumns, parentRows } from '../../src/metrics/snapshot.ts';
import { ownHeader } from '../../src/recording/format/encode.ts';
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
  fc.maxSafeInteger(),
  fc.double(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0),
);

const processAt = (path: string, pid: number, figures: readonly number[]): RecordedProcess => ({
  pid,
  innerPid: 1,
  startTime: 10 * pid,
  comm: `p${pid}`,
  command: `/bin/p${pid} --flag`,
  path,
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
    const { values, errors, times } = emptyColumns(rows.length);
    if (before?.snapshot.rows === rows) {
      values.set(before.snapshot.values);
      errors.set(before.snapshot.errors);
      times.set(before.snapshot.times);
    }
    for (const [at, value] of cells) {
      if (rows.length === 0) continue;
      const cell = at % values.length;
      values[cell] = value;
      const file = FILE_OF_COLUMN[Math.floor(cell / rows.length)] ?? 0;
      errors[file * rows.length + (cell % rows.length)] = at % 251;
    }
    for (const [at, time] of changed) if (times.length > 0) times[at % times.length] = time;
    const wall = 1_700_000_000_000 + 1000 * index;
    moments.push({
      snapshot: {
        ...{ wall, monotonic: 1000 * index, rows, parents: parentRows(rows), values, errors, times },
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
            processes: { time: index, list: pids.map((pid) => processAt('/c2', pid, figures)) },
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
  const { values, errors, times } = emptyColumns(1);
  values[0] = second;
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
