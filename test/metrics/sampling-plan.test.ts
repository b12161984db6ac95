/** What a tick leaves unread has not changed, or by no more than the bound: over anything that cgroups may do. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Collector } from '../../src/kernel/collector.ts';
import { METRICS } from '../../src/metrics/catalogue.ts';
import { CGROUP_FILES, column, FIRST_COLUMN } from '../../src/metrics/files.ts';
import { createSampler } from '../../src/metrics/sampler.ts';
import { UNREAD_BOUNDS } from '../../src/metrics/sampling-plan.ts';
import { errorAt, type Snapshot, type SnapshotRow, timeAt, valueAt } from '../../src/metrics/snapshot.ts';
import { type Usage, usageOf } from '../../src/metrics/usage.ts';
import type { UnreadBounds } from '../../src/metrics/vouching.ts';
import { type Act, simulatedKernel } from './simulated-kernel.ts';
import { HOST } from './snapshots.ts';

const EXACT: UnreadBounds = { cpus: 0, ioOperations: 0, cpuWait: 0 };
const TICK_MS = 1000;
const TURN_MS = 4000;
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

/** How much a figure may be lower than it is. */
const allowed = (file: string, key: string, bounds: UnreadBounds): number => {
  if (file === 'cpu.stat') return bounds.cpus * TICK_MS * 1000;
  if (file !== 'io.stat') return 0;
  return key === 'rios' ? bounds.ioOperations : key === 'rbytes' ? bounds.ioOperations * 4096 : 0;
};

/** Compares each hot figure with what it was at the time that it claims: this tick, but for what is read in turn. */
function assertTrue(kernel: Kernel, snapshot: Snapshot, bounds: UnreadBounds, shown: string): void {
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
      const oldest = !isExact && [CPU_PRESSURE, ...IN_TURN].includes(file) ? TURN_MS : 0;
      if (age > oldest) assert.unreachable(`${path} ${name} is of ${time}, ${oldest} ms are allowed`);
      if (file === CPU_PRESSURE && age > 0) assertHardlyWaited(kernel, snapshot, row, bounds.cpuWait * age * 1000);
      const truth = kernel.figuresAt(cgroup, file, time);
      keys.forEach((key, index) => {
        const value = valueAt(snapshot, (FIRST_COLUMN[file] ?? 0) + index, row);
        const less = (truth[index] ?? Number.NaN) - value;
        if (less === 0) return;
        // Of a cgroup with a quota, periods are read in turn.
        const late = kernel.figuresAt(cgroup, file, snapshot.monotonic - TURN_MS)[index] ?? Number.NaN;
        const most = path === shown ? 0 : key === 'nr_throttled' ? value + less - late : allowed(name, key, bounds);
        const isAllowed = less > 0 && less <= most;
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
    clock: kernel.now,
  });
  let rows = kernel.cgroups().map(({ path, inode }) => ({ path, inode }));
  let usage: Usage | undefined;
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
    assertTrue(kernel, snapshot, bounds, shown);
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

const VOUCHED = CGROUP_FILES.flatMap(({ vouching }, index) => (vouching ? [1 << index] : []));

/** A sampler of these cgroups, none of which is shown unless a tick says so, that has ticked until they are quiet. */
async function watch(paths: readonly string[]) {
  const kernel = simulatedKernel({ polls: true });
  for (const path of paths) kernel.make(path);
  let asked = 0;
  let vouched = 0;
  const collect: Collector['collect'] = (request) => {
    asked += request.ids.length;
    vouched += request.masks.reduce((count, mask) => count + VOUCHED.filter((bit) => mask & bit).length, 0);
    return kernel.collector.collect(request);
  };
  const collector = { ...kernel.collector, collect };
  const sampler = createSampler({ collector, host, bounds: UNREAD_BOUNDS, cpus: 1, clock: kernel.now });
  let rows: readonly SnapshotRow[] = [];
  async function tick(milliseconds = TICK_MS, during: Parameters<Kernel['pass']>[1] = [], shown = '') {
    kernel.pass(milliseconds, during);
    asked = 0;
    vouched = 0;
    const visible = new Set(rows.flatMap(({ path, inode }) => (path === shown ? [inode] : [])));
    const { snapshot, reads } = await sampler.tick({ rows, visible, touched: new Set() });
    const value = (path: string, ref: string): number => {
      const row = snapshot.rows.findIndex((one) => one.path === path);
      return valueAt(snapshot, column(ref), row);
    };
    return { snapshot, reads, asked, vouched, value };
  }
  const list = () => {
    rows = kernel.cgroups().map(({ path, inode }) => ({ path, inode }));
  };
  list();
  for (let count = 0; count < 12; count++) await tick();
  return { kernel, tick, list };
}

test('a stall of a cgroup that hardly runs is in the next Snapshot, for any of them and whatever its parent reads', async () => {
  const paths = Array.from({ length: 20 }, (_, child) => `/a/${child}`);
  const { kernel, tick } = await watch(['/a', ...paths]);
  for (const path of paths) {
    for (const resource of ['cpu', 'memory', 'io'] as const)
      kernel.act(path, { kind: 'wait', resource, usec: 900_000 });
    const { value } = await tick();
    for (const file of ['cpu', 'memory', 'io']) assert.is(value(path, `${file}.pressure:some.total`), 900_000, path);
  }
});

test('a parent that stands still spares the files of a row that is shown; what it uses at all is in the next Snapshot', async () => {
  const { kernel, tick } = await watch(['/a', '/a/0', '/a/1', '/a/2']);
  const { vouched: unshown } = await tick();
  const { vouched } = await tick(TICK_MS, [], '/a/1');
  assert.is(vouched, unshown);
  kernel.act('/a/1', { kind: 'run', usec: 1 });
  const { value } = await tick(TICK_MS, [], '/a/1');
  assert.is(value('/a/1', 'cpu.stat:usage_usec'), 1);
});

test('a row whose limits are read in turn and found as they were is not computed anew', async () => {
  const paths = Array.from({ length: 2000 }, (_, child) => `/a/${child}`);
  const { tick } = await watch(['/a', ...paths]);
  let told = 0;
  // Each has two turns of what may have changed unseen, of which pids.events is a counter, and one of its limits.
  for (let count = 0; count < 20; count++)
    told += (await tick()).snapshot.read?.reduce((rows, wasRead) => rows + wasRead, 0) ?? Number.NaN;
  assert.ok(told < paths.length * 2.5, `${told} times`);
});

test('what is left unread is within the bound at any depth', async () => {
  const { kernel, tick } = await watch(['/a', '/a/0', '/a/0/x']);
  // One operation is within the bound of the pod, and another within that of what is above it.
  kernel.act('/a/0/x', { kind: 'io', operations: 1 });
  await tick(TICK_MS, [], '/a/0');
  for (let count = 0; count < 12; count++) await tick();
  kernel.act('/a/0/x', { kind: 'io', operations: 1 });
  const { value } = await tick();
  assert.ok(2 - value('/a/0/x', 'io.stat:rios') <= UNREAD_BOUNDS.ioOperations);
});

test('what a cgroup used while no tick came is in the next Snapshot', async () => {
  const { kernel, tick } = await watch(['/a', '/a/0', '/a/1']);
  kernel.act('/a/1', { kind: 'run', usec: 1_000_000 });
  const { value } = await tick(600_000);
  assert.is(value('/a/1', 'cpu.stat:usage_usec'), 1_000_000);
});

test('where ticks are a minute apart, each of them reads what others read in turn', async () => {
  const { kernel, tick } = await watch(['/a', '/a/0', '/a/1', '/a/2']);
  for (const path of ['/a/0', '/a/1', '/a/2']) {
    kernel.act(path, { kind: 'allocate', bytes: 5 });
    kernel.act(path === '/a/1' ? '/a/0' : '/a/1', { kind: 'allocate', bytes: -5 });
    const { value } = await tick(60_000);
    assert.is(value(path, 'memory.current:value'), kernel.figure(path, 'memory.current:value'), path);
  }
});

test('a process that is moved into an empty cgroup is counted in the next Snapshot', async () => {
  const paths = Array.from({ length: 20 }, (_, child) => `/a/${child}`);
  const { kernel, tick } = await watch(['/a', ...paths]);
  for (const path of paths) kernel.act(path, { kind: 'populate' });
  for (let count = 0; count < 12; count++) await tick();
  for (const path of paths) kernel.act(path, { kind: 'populate' });
  const { value } = await tick();
  for (const path of paths)
    assert.is(value(path, 'pids.current:value'), kernel.figure(path, 'pids.current:value'), path);
});

test('memory that a cgroup gains alone is in the next Snapshot, and so is a process', async () => {
  const paths = ['0', '1', '2'].flatMap((pod) => [`/a/${pod}`, `/a/${pod}/x`, `/a/${pod}/y`]);
  const { kernel, tick } = await watch(['/a', ...paths]);
  for (const path of paths) {
    kernel.act(path, { kind: 'allocate', bytes: 5 });
    kernel.act(path, { kind: 'fork', tasks: 1 });
    const { value } = await tick();
    for (const ref of ['memory.current:value', 'pids.current:value'])
      assert.is(value(path, ref), kernel.figure(path, ref), `${path} ${ref}`);
  }
});

test('what a cgroup had used that vanished while it was read does not hide what another one uses', async () => {
  const { kernel, tick, list } = await watch(['/a', '/a/0', '/a/1', '/a/2', '/a/3']);
  kernel.act('/a/0', { kind: 'run', usec: 700_000 });
  for (let count = 0; count < 12; count++) await tick();
  kernel.act('/a/1', { kind: 'run', usec: 700_000 });
  kernel.remove('/a/0');
  await tick();
  list();
  kernel.act('/a/3', { kind: 'run', usec: 700_000 });
  const { value } = await tick();
  assert.is(value('/a/3', 'cpu.stat:usage_usec'), 700_000);
});

test('a file that is not there is looked for in turn, and found once it is there', async () => {
  const paths = Array.from({ length: 100 }, (_, child) => `/a/${child}`);
  const { kernel, tick } = await watch(['/a', ...paths]);
  for (const path of ['/a', ...paths]) kernel.act(path, { kind: 'pressure' });
  kernel.act('/a', { kind: 'controllers' });
  // The first child never has the files of these controllers.
  kernel.act('/a/0', { kind: 'thread' });
  for (const path of paths) kernel.act(path, { kind: 'run', usec: 900_000 });
  for (let count = 0; count < 20; count++) await tick();
  const { asked } = await tick();
  assert.ok(asked < 40, `${asked} of 100 cgroups are asked`);
  kernel.act('/a', { kind: 'controllers' });
  for (const path of paths) kernel.act(path, { kind: 'pressure' });
  const isFound = async (...refs: readonly string[]) => {
    const { value } = await tick();
    for (const path of paths.slice(1))
      for (const ref of refs) assert.is(value(path, ref), kernel.figure(path, ref), `${path} ${ref}`);
  };
  for (let count = 0; count < 11; count++) await tick();
  await isFound('cpu.pressure:some.total');
  // Only as the first child, which stands for all, still lacks them.
  for (let count = 0; count < 60; count++) await tick();
  await isFound('memory.current:value', 'io.stat:rios', 'memory.max:value');
});

test('what a sibling uses while the tick reads does not hide what another one used before', async () => {
  const { kernel, tick } = await watch(['/a', '/a/0', '/a/1']);
  for (let count = 0; count < 10; count++) {
    kernel.act('/a/0', { kind: 'run', usec: 1 });
    await tick();
  }
  kernel.act('/a/0', { kind: 'run', usec: 1 });
  kernel.act('/a/1', { kind: 'run', usec: 100_000 });
  // The root's cpu.stat and io.stat come first, and then the cpu.stat of /a.
  const { value } = await tick(TICK_MS, [{ after: 3, path: '/a/0', act: { kind: 'run', usec: 100_000 } }]);
  assert.is(value('/a/1', 'cpu.stat:usage_usec'), 100_000);
});

test('a quiet subtree costs the reads of its topmost cgroup; a busy loop in any of it is in the next Snapshot', async () => {
  const pods = Array.from({ length: 30 }, (_, pod) => `/a/${pod}`);
  const paths = pods.flatMap((pod) => [pod, ...Array.from({ length: 10 }, (_, container) => `${pod}/${container}`)]);
  const { kernel, tick } = await watch(['/a', ...paths]);
  const { reads } = await tick();
  const turns = paths.length / 10;
  assert.ok(reads < 40 + turns * 16, `${reads} reads`);
  for (const path of paths.filter((_, index) => index % 7 === 0)) {
    kernel.act(path, { kind: 'run', usec: 900_000 });
    const { value } = await tick();
    assert.is(value(path, 'cpu.stat:usage_usec'), kernel.figure(path, 'cpu.stat:usage_usec'));
  }
});

test('where little waits, rows that rest are read in turn; what waits long is in the next Snapshot', async () => {
  const rest = Array.from({ length: 200 }, (_, child) => `/a/${child}`);
  const { kernel, tick } = await watch(['/a', '/a/busy', ...rest]);
  const wait = (path: string, usec: number) => kernel.act(path, { kind: 'wait', resource: 'cpu', usec });
  const before = (await tick()).reads;
  for (let count = 0; count < 5; count++) {
    kernel.act('/a/busy', { kind: 'run', usec: 50_000 });
    wait('/a/busy', 10_000);
    const { reads } = await tick();
    // What ran is looked for in the first tick.
    if (count > 0) assert.ok(reads < before + rest.length / 2, `${reads} reads, ${before} while all rest`);
  }
  wait('/a/7', 300_000);
  assert.is((await tick()).value('/a/7', 'cpu.pressure:some.total'), 300_000);
});

test('the wait of a row that was read in turn is told as of the time since its read before', async () => {
  const { kernel, tick } = await watch(['/a', '/a/busy', '/a/0']);
  let before = (await tick()).snapshot;
  for (let count = 0; count < 12; count++) {
    for (const path of ['/a/busy', '/a/0']) kernel.act(path, { kind: 'wait', resource: 'cpu', usec: 20_000 });
    const { snapshot } = await tick();
    const row = snapshot.rows.findIndex(({ path }) => path === '/a/0');
    const percent = usageOf(before, snapshot).value('psi_cpu_some_percent', row);
    assert.ok(percent >= 0 && percent < 2.1, `${percent} %`);
    before = snapshot;
  }
});

test('where nobody waits, only the root is asked for pressure, and a wait of what runs is in the next Snapshot', async () => {
  const paths = Array.from({ length: 20 }, (_, child) => `/a/${child}`);
  const { kernel, tick } = await watch(['/a', ...paths]);
  const runAll = () => {
    for (const path of paths) kernel.act(path, { kind: 'run', usec: 10_000 });
    return tick();
  };
  for (let count = 0; count < 8; count++) await runAll();
  const { reads } = await runAll();
  const others = HOT.length - 3;
  assert.ok(reads <= paths.length * others + 30, `${reads} reads`);
  for (const path of paths.slice(0, 3)) {
    for (const resource of ['memory', 'io'] as const) kernel.act(path, { kind: 'wait', resource, usec: 900_000 });
    const { value } = await runAll();
    for (const file of ['memory', 'io']) assert.is(value(path, `${file}.pressure:some.total`), 900_000, path);
  }
});

test.run();
