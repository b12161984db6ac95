/** What a tick reads and what it leaves out, by example. unread-bounds.test.ts does so over anything that cgroups may do. */

import { constants } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Collector } from '../../src/kernel/collector.ts';
import { CGROUP_FILES, column } from '../../src/metrics/files.ts';
import { createSampler } from '../../src/metrics/sampler.ts';
import { UNREAD_BOUNDS } from '../../src/metrics/sampling-plan.ts';
import { errorAt, type SnapshotRow, valueAt } from '../../src/metrics/snapshot.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { simulatedKernel } from './simulated-kernel.ts';
import { HOST } from './snapshots.ts';

const TICK_MS = 1000;
const HOT = CGROUP_FILES.filter(({ tier }) => tier === 'hot');

const host = { read: async () => HOST };

type Kernel = ReturnType<typeof simulatedKernel>;

const ALL = CGROUP_FILES.map((_, index) => 1 << index);
const VOUCHED = ALL.filter((_, index) => CGROUP_FILES[index]?.vouching);
const CPU_PRESSURE = ALL.filter((_, index) => CGROUP_FILES[index]?.file === 'cpu.pressure');
const askedIn = (masks: Uint32Array, files: readonly number[]): number =>
  masks.reduce((count, mask) => count + files.filter((bit) => mask & bit).length, 0);

/** A sampler of these cgroups, none of which is shown unless a tick says so, that has ticked until they are quiet. */
async function watch(paths: readonly string[]) {
  const kernel = simulatedKernel({ polls: true });
  for (const path of paths) kernel.make(path);
  let asked = 0;
  let files = 0;
  let vouched = 0;
  let pressures = 0;
  /** Of each pass, whether it goes on with the tick of the one before. */
  let passes: (boolean | undefined)[] = [];
  const collect: Collector['collect'] = (request) => {
    asked += request.ids.length;
    passes.push(request.sameTick);
    files += askedIn(request.masks, ALL);
    vouched += askedIn(request.masks, VOUCHED);
    pressures += askedIn(request.masks, CPU_PRESSURE);
    return kernel.collector.collect(request);
  };
  const collector = { ...kernel.collector, collect };
  const sampler = createSampler({ collector, host, bounds: UNREAD_BOUNDS, cpus: 1, clock: kernel.now });
  let rows: readonly SnapshotRow[] = [];
  async function tick(milliseconds = TICK_MS, during: Parameters<Kernel['pass']>[1] = [], shown = '', exactly = '') {
    kernel.pass(milliseconds, during);
    asked = 0;
    files = 0;
    vouched = 0;
    pressures = 0;
    passes = [];
    const [visible, exact] = [shown, exactly].map(
      (wanted) => new Set(rows.flatMap(({ path, inode }) => (path === wanted ? [inode] : []))),
    );
    const { snapshot, reads } = await sampler.tick({ rows, visible, exact, touched: new Set() });
    const value = (path: string, ref: string): number => {
      const row = snapshot.rows.findIndex((one) => one.path === path);
      return valueAt(snapshot, column(ref), row);
    };
    return { snapshot, reads, asked, files, vouched, pressures, passes, value };
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

test('the passes of a tick are told from those of another', async () => {
  const { kernel, tick } = await watch(['/a', '/a/0', '/a/1', '/a/2']);
  assert.equal((await tick()).passes, [false]);
  kernel.act('/a/1', { kind: 'run', usec: 900_000 });
  const { passes } = await tick();
  assert.ok(passes.length > 1, 'what moved in the parent is looked for below it');
  assert.equal(
    passes,
    passes.map((_, pass) => pass > 0),
  );
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

test('what a row uses at all that is to be exact is in the next Snapshot, and of one beside it in its turn', async () => {
  const { kernel, tick } = await watch(['/a', '/a/0', '/a/1', '/a/2']);
  for (const path of ['/a/1', '/a/2']) kernel.act(path, { kind: 'run', usec: 1 });
  const { value } = await tick(TICK_MS, [], '', '/a/1');
  assert.is(value('/a/1', 'cpu.stat:usage_usec'), 1);
  assert.is(value('/a/2', 'cpu.stat:usage_usec'), 0);
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

test('a new cgroup is asked for one file of a controller that the first child lacks; one that has it is read whole', async () => {
  const { kernel, tick, list } = await watch(['/bare', '/a']);
  kernel.act('/bare', { kind: 'controllers' });
  const [bare = [], whole = []] = ['/bare', '/a'].map((parent) =>
    Array.from({ length: 10 }, (_, child) => `${parent}/${child}`),
  );
  for (const path of [...bare, ...whole]) kernel.make(path);
  // The first child has no files of memory and io, and the others have.
  kernel.act('/a/0', { kind: 'thread' });
  list();
  const { snapshot, files, value } = await tick();
  assert.ok(files < 20 * CGROUP_FILES.length, `${files} files are asked for`);
  const errorOf = (path: string, file: string): number =>
    errorAt(
      snapshot,
      CGROUP_FILES.findIndex((spec) => spec.file === file),
      snapshot.rows.findIndex((row) => row.path === path),
    );
  for (const path of bare)
    for (const file of ['memory.stat', 'memory.max', 'cpu.max', 'cpu.weight'])
      assert.is(errorOf(path, file), constants.errno.ENOENT, `${path} ${file}`);
  for (const path of whole.slice(1))
    for (const ref of ['memory.max:value', 'memory.stat:anon'])
      assert.is(value(path, ref), kernel.figure(path, ref), `${path} ${ref}`);
});

test('before anything is shown limits and warm files are not read; they are in the next tick', async () => {
  const kernel = simulatedKernel({ polls: true });
  for (const path of ['/a', '/a/0', '/a/1']) kernel.make(path);
  const rows = kernel.cgroups().map(({ path, inode }) => ({ path, inode }));
  const sampler = createSampler({ collector: kernel.collector, host, cpus: 1, clock: kernel.now });
  const tickOf = async (visible?: ReadonlySet<number>) => {
    kernel.pass(TICK_MS, []);
    const { snapshot } = await sampler.tick({ rows, touched: new Set(), ...(visible && { visible }) });
    return (path: string, ref: string): number =>
      valueAt(
        snapshot,
        column(ref),
        rows.findIndex((row) => row.path === path),
      );
  };
  const first = await tickOf(new Set());
  const second = await tickOf(new Set(rows.slice(0, 1).map(({ inode }) => inode)));
  for (const path of ['/a', '/a/0', '/a/1']) {
    assert.is(first(path, 'cpu.stat:usage_usec'), kernel.figure(path, 'cpu.stat:usage_usec'));
    for (const ref of ['memory.max:value', 'memory.stat:anon']) {
      assert.ok(Number.isNaN(first(path, ref)), `${path} ${ref}`);
      assert.is(second(path, ref), kernel.figure(path, ref), `${path} ${ref}`);
    }
  }
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
  await tick();
  const { reads } = await tick();
  const turns = paths.length / 10;
  assert.ok(reads < 40 + turns * 18, `${reads} reads`);
  // Each row has its turn once in ten ticks.
  let all = 0;
  for (let count = 0; count < 10; count++) all += (await tick()).reads;
  assert.ok(all < 10 * 40 + paths.length * 15, `${all} reads in ten ticks`);
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

test('a row that waits a fifth of the time is found within 12 s, and one that can hardly have waited is read once a minute', async () => {
  const rest = Array.from({ length: 200 }, (_, child) => `/a/${child}`);
  const { kernel, tick } = await watch(['/a', '/a/busy', ...rest]);
  const wait = (path: string, usec: number) => kernel.act(path, { kind: 'wait', resource: 'cpu', usec });
  for (const path of [3, 50, 120, 199].map((child) => `/a/${child}`)) {
    const isFound: boolean[] = [];
    for (let count = 0; count < 60; count++) {
      wait(path, 200_000);
      isFound.push((await tick()).value(path, 'cpu.pressure:some.total') > 0);
    }
    const ticks = isFound.indexOf(true);
    assert.ok(ticks >= 0 && ticks <= 12, `${path} is found after ${ticks} ticks`);
    for (let count = 0; count < 60; count++) await tick();
  }
  let read = 0;
  for (let count = 0; count < 70; count++) {
    kernel.act('/a/busy', { kind: 'run', usec: 50_000 });
    wait('/a/busy', 1000);
    const { pressures } = await tick();
    if (count >= 10) read += pressures;
  }
  assert.ok(read < 2 * rest.length, `cpu.pressure is read ${read} times in a minute`);
});

test('a row that waits is found as soon where others go before it in each tick', async () => {
  const going = Array.from({ length: 80 }, (_, index) => `/x${index}`);
  const { kernel, tick, list } = await watch([...going, '/b', '/b/0', '/a', '/a/0']);
  let ticks = 0;
  for (let isFound = false; !isFound; ticks++) {
    for (const path of going.splice(0, 2)) kernel.remove(path);
    list();
    kernel.act('/a/0', { kind: 'wait', resource: 'cpu', usec: 200_000 });
    // What is shown is read, so that nothing can wait unseen below it.
    isFound = (await tick(TICK_MS, [], '/b')).value('/a/0', 'cpu.pressure:some.total') > 0;
    assert.ok(ticks < 15, `not found after ${ticks} ticks`);
  }
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
