/**
 * Limits at work, beside those of catalogue.test.ts, limits.test.ts and hardware.test.ts: what a kernel does once tscg has
 * set them. Without a test of this kind: misc (nothing here gives it a resource), and what Debian's kernel lacks (uclamp,
 * io.latency, io.prio.class, dmem).
 */

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Box, BUSY, diskNumbers, MOUNT, withBox } from '../../boxes.ts';
import { set, undo } from './change.ts';
import { withSwap } from './swap.ts';

const SCRATCH = process.env.TSCG_GUEST_SCRATCH ?? '/scratch';
const DISK = process.env.TSCG_GUEST_DISK ?? '/dev/vda';
const MIB = 2 ** 20;

/** Until it is so, at most a minute. */
async function until(holds: () => boolean, about: () => string): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 600) assert.unreachable(`did not come about: ${about()}`);
    await sleep(100);
  }
}

/** A file of that many MiB, on the disk and not in the page cache. */
function scratchFile(name: string, mib: number): string {
  const path = join(SCRATCH, name);
  const { status, stderr } = spawnSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=1M', `count=${mib}`, 'oflag=direct']);
  assert.is(status, 0, String(stderr));
  return path;
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

test('memory.min and memory.low: a neighbour that needs memory does not get what is protected', async () => {
  const [small, large] = [scratchFile('kept', 24), scratchFile('stream', 56)];
  /** MiB of the page cache of a small file, after a neighbour has read a large one over and over. */
  const left = async (...flags: string[]): Promise<number> => {
    writeFileSync('/proc/sys/vm/drop_caches', '1');
    return withBox('/around', (around) => {
      around.write('cgroup.subtree_control', '+memory');
      around.write('memory.max', String(56 * MIB));
      return withBox('/around/kept', (kept) =>
        withBox('/around/greedy', async (greedy) => {
          if (flags.length > 0) set(kept.path, ...flags);
          await runs(kept, `cat ${small} > /dev/null`);
          await runs(greedy, `cat ${large} ${large} > /dev/null`);
          return Number(kept.read('memory.current')) / MIB;
        }),
      );
    });
  };
  try {
    const unprotected = await left();
    for (const flag of ['--memory-min', '--memory-low']) {
      const kept = await left(flag, '28M');
      assert.ok(kept > 23 && kept > unprotected + 4, `${flag}: ${kept} of 24 MiB, without ${unprotected}`);
    }
  } finally {
    for (const path of [small, large]) rmSync(path);
  }
});

test('memory.high holds what grows beyond it, and kills nobody', () =>
  withBox('/high', async (box) => {
    set(box.path, '--memory-high', '32M');
    await runs(box, `dd if=/dev/zero of=${SCRATCH}/high bs=1M count=64 2>/dev/null; rm ${SCRATCH}/high`);
    assert.ok(box.figure('memory.events', 'high') > 0, box.read('memory.events'));
    assert.ok(Number(box.read('memory.current')) <= 36 * MIB, box.read('memory.current'));
    assert.is(box.figure('memory.events', 'oom_kill'), 0);
  }));

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

test('memory.zswap.max 0: nothing is kept compressed; with memory.zswap.writeback 0 too nothing goes to the disk, and it is killed', async () => {
  try {
    writeFileSync(ZSWAP, 'Y');
  } catch (error) {
    console.log(`no zswap in this kernel: ${error instanceof Error ? error.message : error}`);
    return;
  }
  const swapping = (...flags: string[]): Promise<[compressed: number, kills: number]> =>
    withBox('/zswap', async (box) => {
      set(box.path, '--memory', '24M', ...flags);
      const child = await box.run('head -c 60m /dev/zero | tail > /dev/null');
      await once(child, 'exit');
      return [box.figure('memory.stat', 'zswpout'), box.figure('memory.events', 'oom_kill')];
    });
  try {
    await withSwap(async () => {
      const [compressed, kills] = await swapping();
      assert.ok(compressed > 0 && kills === 0, `${compressed} compressed, ${kills} killed`);
      assert.equal(await swapping('--zswap', '0'), [0, 0]);
      const [, killed] = await swapping('--zswap', '0', '--zswap-writeback', '0');
      assert.ok(killed > 0);
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

test('io.max: writes by bytes, reads and writes by number, none faster than 15 % above its limit', async () => {
  const seconds = 5;
  const table: readonly [flag: string, limit: string, dd: (file: string) => string][] = [
    ['--device-write-bps', '2mb', (file) => `if=/dev/zero of=${file} bs=256k count=40 oflag=direct conv=notrunc`],
    ['--device-read-iops', '60', (file) => `if=${file} of=/dev/null bs=4k count=300 iflag=direct`],
    ['--device-write-iops', '60', (file) => `if=/dev/zero of=${file} bs=4k count=300 oflag=direct conv=notrunc`],
  ];
  const files = table.map((_, index) => scratchFile(`rate-${index}`, 10));
  const measured = async (index: number, box: Box): Promise<void> => {
    const [flag, limit, dd] = table[index] ?? ['', '', String];
    const child = await box.run(`dd ${dd(files[index] ?? '')} 2>/dev/null; echo done; exec sleep 100`);
    const started = performance.now();
    await once(child.stdout ?? child, 'data');
    const took = (performance.now() - started) / 1000;
    assert.ok(took > seconds / 1.15, `${flag} ${limit}: ${took.toFixed(2)} s of ${seconds}`);
  };
  try {
    await withBox('/rate-0', (zero) =>
      withBox('/rate-1', (one) =>
        withBox('/rate-2', async (two) => {
          const boxes = [zero, one, two];
          for (const [index, [flag, limit]] of table.entries()) set(boxes[index]?.path ?? '', flag, `${DISK}:${limit}`);
          // Side by side: each is far below what the disk can do.
          await Promise.all(boxes.map((box, index) => measured(index, box)));
        }),
      ),
    );
  } finally {
    for (const file of files) rmSync(file);
  }
});

test('io.weight shares a disk that io.cost.qos holds to its model', async () => {
  const disk = diskNumbers(DISK);
  const files = ['one', 'two'].map((name) => scratchFile(`weight-${name}`, 16));
  // A disk of 8 MiB/s by the model, so that two readers have to share.
  const model = 'ctrl=user model=linear rbps=8388608 rseqiops=64 rrandiops=64 wbps=8388608 wseqiops=64 wrandiops=64';
  writeFileSync(join(MOUNT, 'io.cost.model'), `${disk} ${model}`);
  set('/', '--io-cost-qos', `${DISK} enable=1 rpct=0 wpct=0 min=100 max=100`);
  const bytes = (box: Box): number =>
    Number(new RegExp(`^${disk} .*rbytes=(\\d+)`, 'm').exec(box.read('io.stat'))?.[1] ?? 0);
  const share = await withBox('/weight-one', (one) =>
    withBox('/weight-two', async (two) => {
      set(one.path, '--io-weight', '400');
      for (const [index, box] of [one, two].entries())
        await box.run(`while :; do dd if=${files[index]} of=/dev/null bs=128k iflag=direct 2>/dev/null; done`);
      await sleep(1000);
      const measured = await shareOf([one, two], bytes);
      for (const box of [one, two]) box.write('cgroup.kill', '1');
      undo();
      return measured;
    }),
  );
  undo();
  writeFileSync(join(MOUNT, 'io.cost.model'), `${disk} ctrl=auto`);
  for (const file of files) rmSync(file);
  assert.ok(share > 0.65 && share < 0.92, `${(share * 100).toFixed(1)} % of 80`);
});

test.run();
