/** What a tick reads and what it leaves out, by example. unread-bounds.test.ts does so over anything that cgroups may do. */

import { constants } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CGROUP_FILES, column } from '../../src/metrics/files.ts';
import { createSampler } from '../../src/metrics/sampler.ts';
import { UNREAD_BOUNDS } from '../../src/metrics/sampling-plan.ts';
import { errorAt, valueAt } from '../../src/metrics/snapshot.ts';
import { simulatedKernel } from './simulated-kernel.ts';
import { HOST } from './snapshots.ts';
import { TICK_MS, watch } from './watched-sampler.ts';

const host = { read: async () => HOST };

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

test.run();
