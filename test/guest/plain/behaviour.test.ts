/**
 * Limits at work, beside those of catalogue.test.ts and limits.test.ts: what a kernel does once tscg has set them. Set
 * and undone only, in catalogue.test.ts: memory.min, memory.low, memory.zswap.writeback, io.weight, io.cost.qos, the other
 * keys of io.max, cpuset.mems (one node here), hugetlb of 1 GB, misc, rdma and dmem (no such resource), and what Debian's
 * kernel lacks: uclamp, io.latency, io.prio.class.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Box, BUSY, tscg, withBox } from '../../boxes.ts';

const SCRATCH = process.env.TSCG_GUEST_SCRATCH ?? '/scratch';
const SWAP = process.env.TSCG_GUEST_SWAP ?? '/dev/vdb';
const MIB = 2 ** 20;

function set(path: string, ...flags: string[]): void {
  const { status, stderr } = tscg('set', path, ...flags);
  assert.is(status, 0, `tscg set ${path} ${flags.join(' ')}: ${stderr}`);
}

const undo = (): void => assert.is(tscg('undo').status, 0);

/** Until it is so, at most a minute. */
async function until(holds: () => boolean, about: () => string): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 600) assert.unreachable(`did not come about: ${about()}`);
    await sleep(100);
  }
}

/** Runs a script in the box to its end, which it tells by a line. */
async function runs(box: Box, script: string): Promise<void> {
  const child = await box.run(`${script}; echo done; exec sleep 1000`);
  await once(child.stdout ?? child, 'data');
}

const statusOf = (pid: number | undefined, key: string): string | undefined =>
  new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

/** Part of what two boxes used together that the first one used. */
async function shareOf(boxes: readonly [Box, Box], used: (box: Box) => number): Promise<number> {
  const before = boxes.map(used);
  await sleep(4000);
  const [one = 0, two = 0] = boxes.map((box, index) => used(box) - (before[index] ?? 0));
  return one / (one + two);
}

const cpuOf = (box: Box): number => box.figure('cpu.stat', 'usage_usec');

test('cpu.weight.nice and cpu.idle: shares of one CPU', () =>
  withBox('/shares', (outer) => {
    outer.write('cgroup.subtree_control', '+cpu +cpuset');
    return withBox('/shares/one', (one) =>
      withBox('/shares/two', async (two) => {
        for (const box of [one, two]) {
          box.write('cpuset.cpus', '1');
          await box.run(BUSY);
        }
        const table: readonly [flags: readonly string[], least: number, most: number][] = [
          // A weight of 305 beside 100.
          [['--cpu-nice', '-5'], 0.66, 0.85],
          [['--cpu-idle', '1'], 0, 0.1],
        ];
        for (const [flags, least, most] of table) {
          set(one.path, ...flags);
          const share = await shareOf([one, two], cpuOf);
          assert.ok(share >= least && share <= most, `${flags.join(' ')}: ${share}`);
          undo();
        }
      }),
    );
  }));

test('cpu.max.burst: what was not used is used later', () =>
  withBox('/burst', async (box) => {
    set(box.path, '--cpu', '10%');
    await box.run('while :; do i=0; while [ $i -lt 4000 ]; do i=$((i+1)); done; sleep 0.4; done');
    await until(
      () => box.figure('cpu.stat', 'nr_throttled') > 3,
      () => box.read('cpu.stat'),
    );
    assert.is(box.figure('cpu.stat', 'nr_bursts'), 0);
    set(box.path, '--cpu-burst', '10ms');
    await until(
      () => box.figure('cpu.stat', 'nr_bursts') > 0,
      () => box.read('cpu.stat'),
    );
    undo();
  }));

test('cpuset.cpus.partition: the CPU is its own, and no longer that of others', () =>
  withBox('/part', (part) =>
    withBox('/others', async (others) => {
      others.write('cpuset.cpus', '');
      const [mine, theirs] = [await part.run('sleep 1000'), await others.run('sleep 1000')];
      set(part.path, '--cpuset-cpus', '1', '--cpuset-partition', 'root');
      assert.is(part.read('cpuset.cpus.partition'), 'root');
      assert.is(statusOf(mine.pid, 'Cpus_allowed_list'), '1');
      assert.is(statusOf(theirs.pid, 'Cpus_allowed_list'), '0');
      undo();
      assert.is(statusOf(theirs.pid, 'Cpus_allowed_list'), '0-1');
    }),
  ));

test('memory.high holds what grows beyond it, and kills nobody', () =>
  withBox('/high', async (box) => {
    set(box.path, '--memory-high', '32M');
    await runs(box, `dd if=/dev/zero of=${SCRATCH}/high bs=1M count=64 2>/dev/null; rm ${SCRATCH}/high`);
    assert.ok(box.figure('memory.events', 'high') > 0, box.read('memory.events'));
    assert.ok(Number(box.read('memory.current')) <= 36 * MIB, box.read('memory.current'));
    assert.is(box.figure('memory.events', 'oom_kill'), 0);
  }));

async function withSwap<T>(use: () => Promise<T>): Promise<T> {
  assert.is(spawnSync('swapon', [SWAP]).status, 0);
  try {
    return await use();
  } finally {
    spawnSync('swapoff', [SWAP]);
  }
}

test('memory.swap.high slows what swaps beyond it', () =>
  withSwap(() =>
    withBox('/swaphigh', async (box) => {
      set(box.path, '--memory', '24M', '--swap-high', '8M');
      await box.run('head -c 60m /dev/zero | tail > /dev/null');
      await until(
        () => box.figure('memory.swap.events', 'high') > 0,
        () => box.read('memory.swap.events'),
      );
    }),
  ));

const ZSWAP = '/sys/module/zswap/parameters/enabled';

test('memory.zswap.max 0: nothing is kept compressed', async () => {
  try {
    writeFileSync(ZSWAP, 'Y');
  } catch (error) {
    console.log(`no zswap in this kernel: ${error instanceof Error ? error.message : error}`);
    return;
  }
  const compressed = (...flags: string[]): Promise<number> =>
    withBox('/zswap', async (box) => {
      set(box.path, '--memory', '24M', ...flags);
      const child = await box.run('head -c 60m /dev/zero | tail > /dev/null');
      await once(child, 'exit');
      return box.figure('memory.stat', 'zswpout');
    });
  try {
    await withSwap(async () => {
      assert.ok((await compressed()) > 0);
      assert.is(await compressed('--zswap', '0'), 0);
    });
  } finally {
    writeFileSync(ZSWAP, 'N');
  }
});

test('hugetlb.2MB.max: the page beyond it is not given', async () => {
  const mount = '/tmp/huge';
  mkdirSync(mount, { recursive: true });
  writeFileSync('/proc/sys/vm/nr_hugepages', '8');
  assert.is(spawnSync('mount', ['-t', 'hugetlbfs', 'none', mount]).status, 0);
  try {
    await withBox('/huge', async (box) => {
      set(box.path, '--hugetlb-2MB', '4M');
      await runs(box, `fallocate -l 4M ${mount}/fits; fallocate -l 4M ${mount}/beyond 2>/dev/null`);
      assert.is(box.read('hugetlb.2MB.current'), String(4 * MIB));
      assert.ok(box.figure('hugetlb.2MB.events', 'max') > 0, box.read('hugetlb.2MB.events'));
      for (const name of ['fits', 'beyond']) rmSync(join(mount, name), { force: true });
    });
  } finally {
    spawnSync('umount', [mount]);
    writeFileSync('/proc/sys/vm/nr_hugepages', '0');
  }
});

test.run();
