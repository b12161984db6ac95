/** What a tick leaves unread has not changed, or by no more than the bound: over anything that cgroups may do. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { METRICS } from '../../src/metrics/catalogue.ts';
import { CGROUP_FILES, column, FIRST_COLUMN } from '../../src/metrics/files.ts';
import { createSampler } from '../../src/metrics/sampler.ts';
import { UNREAD_BOUNDS } from '../../src/metrics/sampling-plan.ts';
import { errorAt, type Snapshot, timeAt, valueAt } from '../../src/metrics/snapshot.ts';
import { type Usage, usageOf } from '../../src/metrics/usage.ts';
import type { UnreadBounds } from '../../src/metrics/vouching.ts';
import { type Act, simulatedKernel } from './simulated-kernel.ts';
import { HOST } from './snapshots.ts';

const EXACT: UnreadBounds = { cpus: 0, ioOperations: 0, cpuWait: 0, average: 0 };
const TICK_MS = 1000;
const TURN_MS = 4000;
const LONGEST_WAIT_TURN_MS = 60_000;
const HOT = CGROUP_FILES.flatMap(({ tier }, file) => (tier === 'hot' ? [file] : []));
/** Files that are read in turn: those that no parent vouches for, and the kernel does not tell of. */
const IN_TURN = HOT.filter((file) => !CGROUP_FILES[file]?.vouching && !CGROUP_FILES[file]?.polled);
/** Read in turn where a cgroup above shows that nobody below it waited long. */
const CPU_PRESSURE = CGROUP_FILES.findIndex(({ file }) => file === 'cpu.pressure');

/** A pod has two containers, and the first may have cgroups of its own. */
const PATHS = ['/a', '/b'].flatMap((top) => [
  top,
  ...['0', '1', '2'].flatMap((pod) => [`${top}/${pod}`, `${top}/${pod}/x`, `${top}/${pod}/y`, `${top}/${pod}/x/z`]),
]);

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('run' as const), usec: fc.integer({ min: 1, max: 900_000 }) }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('run' as const), usec: fc.integer({ min: 1, max: 3_000 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('io' as const), operations: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      resource: fc.constantFrom('cpu' as const, 'memory' as const, 'io' as const),
      usec: fc.integer({ min: 1, max: 500_000 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('allocate' as const), bytes: fc.integer({ min: -9, max: 9 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fork' as const), tasks: fc.integer({ min: -1, max: 1 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('event' as const, 'freeze' as const, 'throttle' as const, 'populate' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('controllers' as const, 'pressure' as const, 'thread' as const) }),
  },
);
const deed = fc.record({ path: fc.constantFrom('/', ...PATHS), act });
const turn = fc.record({
  milliseconds: fc.oneof(
    { weight: 4, arbitrary: fc.constant(TICK_MS) },
    { weight: 1, arbitrary: fc.constantFrom(200, 3000, 60_000) },
  ),
  made: fc.array(fc.constantFrom(...PATHS), { maxLength: 2 }),
  removed: fc.array(fc.constantFrom(...PATHS), { maxLength: 1 }),
  deeds: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 2, arbitrary: fc.array(deed, { maxLength: 4 }) },
  ),
  during: fc.array(fc.record({ after: fc.integer({ min: 1, max: 60 }), path: fc.constantFrom(...PATHS), act }), {
    maxLength: 2,
  }),
  shown: fc.constantFrom(...PATHS),
});
const turns = fc.array(turn, { minLength: 2, maxLength: 40, size: 'max' });

type Kernel = ReturnType<typeof simulatedKernel>;

/** How much a figure may be lower than it is; below 0, higher. */
const allowed = (file: string, key: string, bounds: UnreadBounds): number => {
  if (key.includes('.avg')) return -bounds.average;
  if (file === 'cpu.stat') return bounds.cpus * TICK_MS * 1000;
  if (file !== 'io.stat') return 0;
  return key === 'rios' ? bounds.ioOperations : key === 'rbytes' ? bounds.ioOperations * 4096 : 0;
};

/**
 * Compares each hot figure with what it was at the time that it claims: this tick, but for what is read in turn. `ticksMs`: what
 * the last two ticks took.
 */
function assertTrue(kernel: Kernel, snapshot: Snapshot, bounds: UnreadBounds, shown: string, ticksMs: number): void {
  const cgroups = new Map(kernel.cgroups().map((cgroup) => [cgroup.path, cgroup]));
  snapshot.rows.forEach(({ path }, row) => {
    const cgroup = cgroups.get(path);
    if (!cgroup) return;
    for (const file of HOT) {
      const { file: name, keys } = CGROUP_FILES[file] ?? { file: '', keys: [] };
      const error = errorAt(snapshot, file, row);
      if (error !== 0) continue;
      const time = timeAt(snapshot, file, row);
      const isExact = bounds === EXACT || path === shown;
      const age = snapshot.monotonic - time;
      const oldest = isExact ? 0 : file === CPU_PRESSURE ? LONGEST_WAIT_TURN_MS : IN_TURN.includes(file) ? TURN_MS : 0;
      if (age > oldest) assert.unreachable(`${path} ${name} is of ${time}, ${oldest} ms are allowed`);
      const unseenMs = bounds.cpuWait * Math.min(age, TURN_MS + ticksMs);
      if (file === CPU_PRESSURE && age > 0) assertHardlyWaited(kernel, snapshot, row, unseenMs * 1000);
      const truth = kernel.figuresAt(cgroup, file, time);
      keys.forEach((key, index) => {
        const value = valueAt(snapshot, (FIRST_COLUMN[file] ?? 0) + index, row);
        const less = (truth[index] ?? Number.NaN) - value;
        if (less === 0) return;
        // Of a cgroup with a quota, periods are read in turn.
        const late = kernel.figuresAt(cgroup, file, snapshot.monotonic - TURN_MS)[index] ?? Number.NaN;
        const most = path === shown ? 0 : key === 'nr_throttled' ? value + less - late : allowed(name, key, bounds);
        const isAllowed = less / most > 0 && less / most <= 1;
        if (!isAllowed) assert.unreachable(`${path} ${name} ${key} is ${value}, not ${truth[index]}, at ${time}`);
      });
    }
  });
}

/** What a cgroup has waited for a CPU unseen is no more than so many microseconds. */
function assertHardlyWaited(kernel: Kernel, { monotonic, rows, values }: Snapshot, row: number, most: number): void {
  const cgroup = kernel.cgroups().find(({ path }) => path === rows[row]?.path);
  if (!cgroup) return;
  const total = column('cpu.pressure:some.total');
  const key = total - (FIRST_COLUMN[CPU_PRESSURE] ?? 0);
  const unseen = (kernel.figuresAt(cgroup, CPU_PRESSURE, monotonic)[key] ?? 0) - (values[total]?.[row] ?? 0);
  if (unseen > most) assert.unreachable(`${cgroup.path} waited ${unseen} us unseen, ${most} are allowed`);
}

/** A recording, which knows nothing of what was read, tells the same. */
function assertReplayed({ before, snapshot, column }: Usage): void {
  const replayed = usageOf(before, snapshot);
  for (const { id } of METRICS) assert.equal([...column(id)], [...replayed.column(id)], id);
}

const host = { read: async () => HOST };

/** Runs the turns, each followed by a tick. */
async function play(polls: boolean, bounds: UnreadBounds, all: Turns) {
  const kernel = simulatedKernel({ polls });
  for (const path of PATHS.slice(0, 10)) kernel.make(path);
  const sampler = createSampler({
    collector: kernel.collector,
    host,
    bounds,
    turnMs: TURN_MS,
    cpus: 1,
    uncharged: () => 0,
    clock: kernel.now,
  });
  let rows = kernel.cgroups().map(({ path, inode }) => ({ path, inode }));
  let usage: Usage | undefined;
  let beforeMs = 0;
  for (const { milliseconds, made, removed, deeds, during, shown } of all) {
    kernel.pass(milliseconds, during);
    for (const path of removed) kernel.remove(path);
    for (const path of made) kernel.make(path);
    for (const { path, act: what } of deeds) kernel.act(path, what);
    // The list of the rows is another one only where a cgroup came or went, as that of the inventory.
    const now = kernel.cgroups().map(({ path, inode }) => ({ path, inode }));
    if (now.map(({ inode }) => inode).join() !== rows.map(({ inode }) => inode).join()) rows = now;
    const visible = new Set(rows.filter(({ path }) => path === shown).map(({ inode }) => inode));
    const { snapshot } = await sampler.tick({ rows, visible, touched: new Set() });
    assertTrue(kernel, snapshot, bounds, shown, beforeMs + milliseconds);
    beforeMs = milliseconds;
    usage = usageOf(usage?.snapshot, snapshot, usage);
    assertReplayed(usage);
  }
}

type Turns = readonly {
  readonly milliseconds: number;
  readonly made: readonly string[];
  readonly removed: readonly string[];
  readonly deeds: readonly { readonly path: string; readonly act: Act }[];
  readonly during: { readonly after: number; readonly path: string; readonly act: Act }[];
  readonly shown: string;
}[];

test('what a child used is seen though another one goes on while the sums above it are read again', async () => {
  const io = (path: string) => ({ path, act: { kind: 'io' as const, operations: 3 } });
  const quiet = { milliseconds: TICK_MS, made: [], removed: [], deeds: [], during: [], shown: '/a' };
  // Whenever the other one goes on.
  for (let after = 1; after <= 60; after++) {
    await play(true, EXACT, [
      ...Array.from({ length: 7 }, () => quiet),
      { ...quiet, deeds: [io('/a/0/y')] },
      { ...quiet, deeds: [io('/a/1')], during: [{ after, ...io('/a/0/y') }] },
    ]);
  }
});

for (const polls of [true, false]) {
  for (const [name, bounds] of [
    ['within the bounds', UNREAD_BOUNDS],
    ['exact where the bounds are 0', EXACT],
  ] as const) {
    const poll = polls ? 'with' : 'without';
    test(`whatever cgroups do, each figure is ${name} (${poll} poll)`, async () => {
      await fc.assert(
        fc.asyncProperty(turns, (all) => play(polls, bounds, all)),
        { numRuns: 40, includeErrorInReport: true },
      );
    });
  }
}

test.run();
