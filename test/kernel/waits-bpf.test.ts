/** The waited-behind matrix on this machine's kernel: a hog, an innocent on another CPU, and the victim's own threads. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createWaitsKeeper,
  MOST_VICTIMS,
  openWaits,
  type Waits,
  waitsUnavailable,
} from '../../src/kernel/waits-bpf.ts';
import { SCRATCH_MOUNT as MOUNT } from '../scratch-cgroup.ts';
import { skip } from '../skip.ts';
import { descriptors, end, type Group, NO_MOUNT, withGroup } from './hierarchies.ts';

const test = suite('waits');
const BUSY = 'while :; do :; done';

const opened = await openWaits();
opened.waits?.close();

const on = (name: string, run: (waits: Waits, group: Group) => Promise<void>): void => {
  if (!MOUNT || !opened.waits) {
    skip(test, name, opened.reason ?? NO_MOUNT);
    return;
  }
  const mount = MOUNT;
  test(name, () =>
    withGroup(mount, async (group) => {
      const { waits, reason } = await openWaits();
      assert.ok(waits, reason);
      try {
        await run(waits, group);
      } finally {
        waits.close();
      }
    }),
  );
};

/** A shell on one CPU that is in the cgroup once this resolves. */
async function busyOn(cpu: number, directory: string): Promise<ChildProcess> {
  const script = `echo $$ > ${directory}/cgroup.procs; echo in; ${BUSY}`;
  const child = spawn('taskset', ['-c', String(cpu), 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

/** Nanoseconds that a process was runnable and did not run. */
const runDelay = (pid = 0): number => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]);

/** Looks until it holds; the test's own time limit ends it. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 50));
}

const idOf = (directory: string): number => statSync(directory).ino;

const behind = (waits: Waits, victimId: number, runnerId: number): number =>
  waits.read().waits.find((wait) => wait.victimId === victimId && wait.runnerId === runnerId)?.ns ?? 0;

const sumOf = (waits: Waits, victimId: number): number =>
  waits.read().waits.reduce((sum, wait) => sum + (wait.victimId === victimId ? wait.ns : 0), 0);

on('who ran while the victim waited: the hog on its CPU, never the innocent on another', async (waits, group) => {
  const [victim, hog, innocent] = ['victim', 'hog', 'innocent'].map((name) => group.mount + group.make(name));
  if (!victim || !hog || !innocent) throw new Error('no groups');
  const children = [await busyOn(0, victim), await busyOn(0, hog)];
  if (availableParallelism() > 1) children.push(await busyOn(1, innocent));
  try {
    waits.watch([idOf(victim)]);
    const before = runDelay(children[0]?.pid);
    await until(() => behind(waits, idOf(victim), idOf(hog)) > 300e6);
    const delayed = runDelay(children[0]?.pid) - before;
    const sum = sumOf(waits, idOf(victim));
    assert.is(behind(waits, idOf(victim), idOf(innocent)), 0);
    assert.is(behind(waits, idOf(victim), idOf(victim)), 0, 'one thread does not wait behind itself');
    // What waits now is in neither until its slice ends, but never in both.
    assert.ok(Math.abs(sum - delayed) < 0.1 * delayed + 200e6, `${sum} ns charged, ${delayed} ns of run delay`);
    assert.is(waits.read().lost, 0);
  } finally {
    for (const child of children) await end(child);
  }
});

on('a thread beneath a victim waits for all above it, also behind its own', async (waits, group) => {
  const outer = group.mount + group.make('outer');
  const inner = group.mount + group.make('outer/inner');
  const children = [await busyOn(0, inner), await busyOn(0, inner)];
  try {
    waits.watch([idOf(outer), idOf(inner)]);
    await until(() => behind(waits, idOf(inner), idOf(inner)) > 200e6);
    assert.ok(behind(waits, idOf(outer), idOf(inner)) > 100e6);
  } finally {
    for (const child of children) await end(child);
  }
});

on('another set of victims begins at 0, and an empty one counts nothing', async (waits, group) => {
  const [one, other] = ['one', 'other'].map((name) => group.mount + group.make(name));
  if (!one || !other) throw new Error('no groups');
  const children = [await busyOn(0, one), await busyOn(0, other)];
  try {
    waits.watch([idOf(one)]);
    await until(() => behind(waits, idOf(one), idOf(other)) > 100e6);
    waits.watch([]);
    assert.equal([...waits.read().waits, ...waits.read().io], []);
    const before = runDelay(children[0]?.pid);
    await until(() => runDelay(children[0]?.pid) - before > 100e6);
    assert.equal(waits.read().waits, []);
    waits.watch([idOf(other)]);
    await until(() => behind(waits, idOf(other), idOf(one)) > 100e6);
    assert.is(sumOf(waits, idOf(one)), 0);
    assert.ok(sumOf(waits, idOf(other)) < runDelay(children[1]?.pid), 'no more than it waited in all its life');
  } finally {
    for (const child of children) await end(child);
  }
});

on('too many victims are refused; closed, it holds nothing and says so', async (waits, group) => {
  assert.throws(() => waits.watch(Array.from({ length: MOST_VICTIMS + 1 }, (_, id) => id + 2)), RangeError);
  waits.watch([idOf(group.mount + group.make('a'))]);
  waits.close();
  waits.close();
  assert.throws(() => waits.read(), /closed/);
  const before = descriptors();
  const again = await openWaits();
  assert.ok(descriptors() > before);
  again.waits?.close();
  assert.is(descriptors(), before);
});

on('kept programs count from 0 again, and are unloaded in time', async (waits, group) => {
  waits.close();
  const none = descriptors();
  const keeper = createWaitsKeeper();
  const first = await keeper.open();
  const [one, other] = ['one', 'other'].map((name) => group.mount + group.make(name));
  if (!one || !other || !first.waits) throw new Error('no groups');
  const children = [await busyOn(0, one), await busyOn(0, other)];
  const { waits: kept } = first;
  kept.watch([idOf(one)]);
  await until(() => behind(kept, idOf(one), idOf(other)) > 100e6);
  const attached = descriptors();
  kept.close();
  assert.ok(descriptors() < attached, 'detached');
  assert.ok(descriptors() > none, 'loaded');
  assert.throws(() => kept.read(), /closed/);
  const second = await keeper.open();
  try {
    assert.is(descriptors(), attached, 'those that were loaded');
    const before = runDelay(children[1]?.pid);
    second.waits?.watch([idOf(other)]);
    await until(() => second.waits !== undefined && behind(second.waits, idOf(other), idOf(one)) > 100e6);
    const delayed = runDelay(children[1]?.pid) - before;
    assert.ok(second.waits && sumOf(second.waits, idOf(other)) < delayed + 200e6, 'what was before is not counted');
    assert.is(second.waits && sumOf(second.waits, idOf(one)), 0);
    const beside = await keeper.open();
    assert.ok(beside.waits, 'a second user has programs of its own');
    beside.waits.close();
    second.waits?.close();
    assert.ok(descriptors() < attached, 'those of one user are kept');
  } finally {
    for (const child of children) await end(child);
  }
  keeper.close();
  const hasty = createWaitsKeeper(1);
  (await hasty.open()).waits?.close();
  await until(() => descriptors() <= none);
});

test('why it cannot be used is said in words', () => {
  const reason = waitsUnavailable();
  assert.is(reason !== undefined && !/^(no native addon|needs root|this kernel|libbpf\.so\.1|\/)/.test(reason), false);
});

test('the object was built of the source beside it', () => {
  const source = fileURLToPath(new URL('../../addon/bpf/waits.bpf.c', import.meta.url));
  const stamp = join(source, '../waits.bpf.o.source');
  assert.ok(existsSync(stamp));
  const built = readFileSync(stamp, 'utf8').trim();
  assert.is(createHash('sha256').update(readFileSync(source)).digest('hex'), built, 'run `npm run build:bpf`');
});

test.run();
