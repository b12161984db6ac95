/** Snapshots share the arrays in which nothing changed: what is told of them is that of Snapshots which share nothing. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shownOf } from '../../src/dashboard/rows.ts';
import { INITIAL, type State } from '../../src/dashboard/state.ts';
import { ROW_FIELDS } from '../../src/diagnosis/fields.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { METRICS } from '../../src/metrics/catalogue.ts';
import { draftAfter } from '../../src/metrics/draft.ts';
import { createEventLog } from '../../src/metrics/events.ts';
import { column, FILE_OF_COLUMN } from '../../src/metrics/files.ts';
import { createHistory } from '../../src/metrics/history.ts';
import type { Snapshot } from '../../src/metrics/snapshot.ts';
import { sumOf } from '../../src/metrics/totals.ts';
import { type Usage, usageOf } from '../../src/metrics/usage.ts';
import { frameOf } from '../dashboard/frames.ts';
import { snapshotOf } from './snapshots.ts';

const PATHS = ['/', '/a', '/a/b', '/a/c', '/d'];
const FIGURES = [
  ...['cpu.stat:usage_usec', 'cpu.stat:nr_periods', 'cpu.stat:nr_throttled', 'cpu.max:quota', 'cpu.max:period'],
  ...['memory.current:value', 'memory.max:value', 'memory.events:oom_kill', 'pids.current:value', 'pids.max:value'],
  ...['cgroup.events:populated', 'cgroup.events:frozen', 'io.stat:rbytes', 'cpu.pressure:some.total'],
  ...['memory.pressure:some.total', 'memory.events:high', 'pids.events:max', 'cpu.pressure:full.total'],
  ...['/proc/PID/net/dev:netns', '/proc/PID/net/dev:rx_bytes', 'io.pressure:some.total'],
];
const write = fc.record({
  ref: fc.constantFrom(...FIGURES),
  row: fc.nat(PATHS.length - 1),
  value: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(1e5, Number.POSITIVE_INFINITY, Number.NaN)),
});
const seconds = fc.array(fc.array(write, { maxLength: 3 }), { minLength: 2, maxLength: 12 });
type Seconds = Parameters<typeof writesOf>[0];

function writesOf(all: readonly { ref: string; row: number; value: number }[][]): Snapshot[] {
  const first = snapshotOf(
    0,
    PATHS.map((path) => ({ path, figures: {} })),
  );
  const snapshots = [first];
  all.forEach((writes, second) => {
    const before = snapshots[second] ?? first;
    const draft = draftAfter(before, before.rows, 1000 * (second + 1));
    const read = new Uint8Array(PATHS.length);
    for (const { ref, row, value } of writes) {
      const file = FILE_OF_COLUMN[column(ref)] ?? 0;
      draft.setValue(column(ref), row, value);
      draft.setError(file, row, 0);
      draft.setTime(file, row, draft.monotonic);
      read[row] = 1;
    }
    const { values, errors, times, monotonic } = draft;
    snapshots.push({ ...before, monotonic, wall: 1e12 + monotonic, values, errors, times, read });
  });
  return snapshots;
}

const copyOf = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  rows: [...snapshot.rows],
  parents: snapshot.parents.slice(),
  values: snapshot.values.map((array) => array.slice()),
  errors: snapshot.errors.map((array) => array.slice()),
  times: snapshot.times.map((array) => array.slice()),
});

const workloads = PATHS.map((path, row): Workload => ({ path, inode: row + 1, kind: 'container', name: path }));

const STATES: readonly State[] = [
  { ...INITIAL, sort: 'cpu_percent' },
  { ...INITIAL, sort: 'memory_current_bytes', grouping: 'tree' },
  { ...INITIAL, sort: 'net_rx_bytes_per_second', grouping: 'host' },
  { ...INITIAL, sort: 'verdict', grouping: 'host', reverse: true },
  { ...INITIAL, sort: 'name', filter: 'memory_current_bytes > 2' },
];

/** All that is told of the Snapshots, each with the Usage before it or without. */
function told(snapshots: readonly Snapshot[], state: State, isIncremental: boolean) {
  const log = createEventLog();
  const ids = METRICS.map(({ id }) => id);
  const members = [1, 2, 3, 4];
  const history = createHistory(ids, 1);
  let usage: Usage | undefined;
  const figures = snapshots.map((snapshot) => {
    usage = usageOf(usage?.snapshot, snapshot, isIncremental ? usage : undefined);
    history.push(usage, new Set([1, 3]));
    log.push({ ...frameOf([]), usage, workloads });
    const of = usage;
    return [
      ...ROW_FIELDS.map(({ id, figures }) => [id, ...figures(of)]),
      ...ids.map((id) => [`sum of ${id}`, sumOf(of, id, members)]),
      shownOf({ ...frameOf([]), usage: of, workloads }, state).items.map(({ key }) => key),
      ...(['cpu', 'memory', 'pids'] as const).map((kind) => [
        kind,
        ...of.limit(kind).values,
        ...of.headroom(kind).values,
      ]),
    ];
  });
  const traces = workloads.flatMap(({ inode }) => ids.map((id) => history.of(inode, id, snapshots.length).values));
  return { figures, traces, events: log.all() };
}

test('what is told does not depend on what is shared', () => {
  fc.assert(
    fc.property(seconds, fc.constantFrom(...STATES), (all: Seconds, state) => {
      const snapshots = writesOf(all);
      assert.equal(told(snapshots, state, true), told(snapshots.map(copyOf), state, false));
    }),
    { numRuns: 100 },
  );
});

test('an array in which nothing changed is that of the Snapshot before, which stays as it was', () => {
  fc.assert(
    fc.property(seconds, (all: Seconds) => {
      const snapshots = writesOf(all);
      const model = FIGURES.map(() => PATHS.map(() => Number.NaN));
      for (const [second, writes] of all.entries()) {
        const [before, now] = [snapshots[second], snapshots[second + 1]];
        for (const { ref, row, value } of writes) model[FIGURES.indexOf(ref)]?.splice(row, 1, value);
        FIGURES.forEach((ref, index) => {
          assert.equal([...(now?.values[column(ref)] ?? [])], model[index], ref);
          if (writes.some((one) => one.ref === ref)) return;
          assert.is(now?.values[column(ref)], before?.values[column(ref)], ref);
        });
      }
    }),
    { numRuns: 60 },
  );
});

test.run();
