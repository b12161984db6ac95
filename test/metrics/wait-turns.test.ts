/** Which rows are read for cpu.pressure in turn, where little waits. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CGROUP_FILES } from '../../src/metrics/files.ts';
import { timeAt } from '../../src/metrics/snapshot.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { TICK_MS, watch } from './watched-sampler.ts';

const HOT = CGROUP_FILES.filter(({ tier }) => tier === 'hot');

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

test('where a parent hardly runs, rows that rest are read in turn though it waits a third of the time', async () => {
  const rest = Array.from({ length: 200 }, (_, child) => `/a/${child}`);
  let stolen = 0;
  for (const [uncharged, stolenInTick, ioWait, isInTurn] of [
    [() => stolen, 0, 0, true],
    // Its tasks may have been on the CPU that the host gave to others, or have waited for a disk.
    [() => stolen, 500_000, 0, false],
    [() => stolen, 0, 300_000, false],
    [() => Number.NaN, 0, 0, false],
  ] as const) {
    const { kernel, tick } = await watch(['/a', '/a/busy', ...rest], uncharged);
    const wait = (resource: 'cpu' | 'io', usec: number) => kernel.act('/a/busy', { kind: 'wait', resource, usec });
    let read = 0;
    for (let count = 0; count < 5; count++) {
      kernel.act('/a/busy', { kind: 'run', usec: 20_000 });
      wait('cpu', 300_000);
      if (ioWait > 0) wait('io', ioWait);
      stolen += stolenInTick;
      const { pressures } = await tick();
      // In the first tick it is not known what ran before.
      if (count > 1) read += pressures;
    }
    const all = 3 * rest.length;
    assert.ok(isInTurn ? read < all / 2 : read >= all, `${read} of ${all}: ${stolenInTick}, ${ioWait}, ${uncharged()}`);
    if (!isInTurn) continue;
    kernel.act('/a/busy', { kind: 'run', usec: 20_000 });
    kernel.act('/a/7', { kind: 'wait', resource: 'cpu', usec: 600_000 });
    assert.is((await tick()).value('/a/7', 'cpu.pressure:some.total'), 600_000);
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

test('rows whose averages hardly fall any more are read in turn, until they are 0', async () => {
  const paths = Array.from({ length: 200 }, (_, child) => `/a/${child}`);
  const { kernel, tick } = await watch(['/a', ...paths]);
  for (const path of paths) kernel.act(path, { kind: 'wait', resource: 'cpu', usec: 300_000 });
  // By then the kernel tells of an average over 300 s alone.
  for (let count = 0; count < 26; count++) await tick();
  let read = 0;
  let isShownExactly = true;
  for (let count = 0; count < 10; count++) {
    const { pressures, value, snapshot } = await tick(TICK_MS, [], '/a/7');
    read += pressures;
    const told = value('/a/9', 'cpu.pressure:some.avg300');
    assert.ok(told > 0.09 && told <= 0.1, `${told}`);
    const row = snapshot.rows.findIndex(({ path }) => path === '/a/7');
    const file = CGROUP_FILES.findIndex(({ file }) => file === 'cpu.pressure');
    isShownExactly &&= timeAt(snapshot, file, row) >= snapshot.monotonic;
  }
  assert.ok(isShownExactly, 'what is shown is read in each tick');
  // An average over 300 s of 0.1 needs minutes to fall by its bound: a turn is as long as it can be.
  const [ofShown, inTurn] = [10, (paths.length * 10) / 60];
  assert.ok(read > ofShown + inTurn / 2 && read < ofShown + 1.5 * inTurn, `${read} reads in 10 s`);
  for (let count = 0; count < 66; count++) await tick();
  const { value } = await tick();
  for (const path of paths) assert.is(value(path, 'cpu.pressure:some.avg300'), 0, path);
});

test('an average that falls in turn is told at most 0.1 points too high', async () => {
  const paths = Array.from({ length: 20 }, (_, child) => `/a/${child}`);
  const { kernel, tick } = await watch(['/a', ...paths]);
  for (const path of paths) kernel.act(path, { kind: 'wait', resource: 'cpu', usec: 9_000_000 });
  for (let count = 0; count < 21; count++) await tick();
  const file = CGROUP_FILES.findIndex(({ file }) => file === 'cpu.pressure');
  const key = CGROUP_FILES[file]?.keys.indexOf('some.avg300') ?? -1;
  let read = 0;
  for (let count = 0; count < 300; count++) {
    const { value, snapshot, pressures } = await tick();
    read += pressures;
    for (const cgroup of kernel.cgroups()) {
      const told = value(cgroup.path, 'cpu.pressure:some.avg300');
      const truth = kernel.figuresAt(cgroup, file, snapshot.monotonic)[key] ?? 0;
      // The turn comes with the first tick after the bound, and truth is as of the begin of the tick.
      assert.ok(told >= truth - 0.001 && told <= truth + 0.11, `${cgroup.path}: ${told}, and it is ${truth}`);
    }
  }
  // Those above are read with each of them.
  assert.ok(read < 300 * 4, `${read} reads of ${paths.length} rows in 300 ticks`);
});

test('where thousands of rows rest below a parent that waits, each is read once in 5 s', async () => {
  const rest = Array.from({ length: 10_000 }, (_, child) => `/a/${child}`);
  const { kernel, tick } = await watch(['/a', '/a/busy', ...rest]);
  const waitingTick = (path: string) => {
    kernel.act('/a/busy', { kind: 'run', usec: 500_000 });
    kernel.act('/a/busy', { kind: 'wait', resource: 'cpu', usec: 900_000 });
    kernel.act(path, { kind: 'wait', resource: 'cpu', usec: 1_000_000 });
    return tick();
  };
  let read = 0;
  let last = (await waitingTick('/a/busy')).snapshot.monotonic;
  const since = last;
  while (last < since + 20_000) {
    const { pressures, snapshot } = await waitingTick('/a/busy');
    last = snapshot.monotonic;
    read += pressures;
  }
  const turns = read / rest.length;
  const expected = (last - since) / 5000;
  assert.ok(turns > expected - 1 && turns < expected + 1, `read ${turns} times, not ${expected}`);
  // A simulated read takes its time too.
  for (const path of ['/a/7', '/a/9000']) {
    const begun = last;
    for (let isFound = false; !isFound; ) {
      const { snapshot, value } = await waitingTick(path);
      isFound = value(path, 'cpu.pressure:some.total') > 0;
      last = snapshot.monotonic;
      assert.ok(last < begun + 10_000, `${path} is not found in ${last - begun} ms`);
    }
  }
});

test.run();
