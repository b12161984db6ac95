/** Every limit of the catalogue that this kernel has: set, effective in behaviour, undone to the byte. */

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '../../../src/limits/catalogue/catalogue.ts';
import { type Box, BUSY, diskNumbers, MOUNT, tscg, withBox } from '../../boxes.ts';
import { set, undo } from './change.ts';

const SCRATCH = process.env.TSCG_GUEST_SCRATCH ?? '/scratch';
const DISK = process.env.TSCG_GUEST_DISK ?? '/dev/vda';
const MIB = 2 ** 20;

const whole = (box: Box, file: string): string => readFileSync(join(MOUNT, box.path, file), 'utf8');

/** Until it is so, at most 10 seconds. */
async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds() && tries < 100; tries++) await sleep(100);
}

/** A flag and a value for every file, and what the file then says; `%` stands for the disk's numbers. */
const VALUES: Readonly<Record<string, readonly [flag: string, value: string, expected: string]>> = {
  'cpu.max': ['--cpu', '37%', '37000 100000'],
  'cpu.max.burst': ['--cpu-burst', '20ms', '20000'],
  'cpu.weight': ['--cpu-shares', '512', '59'],
  'cpu.idle': ['--cpu-idle', '1', '1'],
  'cpu.uclamp.min': ['--cpu-uclamp-min', '20%', '20.00'],
  'cpu.uclamp.max': ['--cpu-uclamp-max', '50%', '50.00'],
  'cpuset.cpus': ['--cpuset-cpus', '1', '1'],
  'cpuset.mems': ['--cpuset-mems', '0', '0'],
  'cpuset.cpus.partition': ['--cpuset-partition', 'root', 'root'],
  'memory.max': ['--memory', '256M', String(256 * MIB)],
  'memory.high': ['-p', 'MemoryHigh=200M', String(200 * MIB)],
  'memory.low': ['--memory-reservation', '8M', String(8 * MIB)],
  'memory.min': ['--memory-min', '4M', String(4 * MIB)],
  'memory.swap.max': ['--swap', '16M', String(16 * MIB)],
  'memory.swap.high': ['--swap-high', '8M', String(8 * MIB)],
  'memory.zswap.max': ['--zswap', '8M', String(8 * MIB)],
  'memory.zswap.writeback': ['--zswap-writeback', '0', '0'],
  'memory.oom.group': ['--oom-group', '1', '1'],
  'io.max': ['--device-write-iops', `${DISK}:120`, '% rbps=max wbps=max riops=max wiops=120'],
  'io.weight': ['--io-weight', '300', 'default 300'],
  'io.bfq.weight': ['--io-bfq-weight', '300', 'default 300'],
  'io.latency': ['--io-latency', `${DISK}:25ms`, '% target=25000'],
  'io.prio.class': ['--io-prio-class', 'idle', 'idle'],
  'pids.max': ['-p', 'TasksMax=77', '77'],
  'hugetlb.2MB.max': ['--hugetlb-2MB', '3M', String(2 * MIB)],
  'hugetlb.1GB.max': ['--hugetlb-1GB', '1G', String(1024 * MIB)],
};

test('every limit that this kernel has is set as typed in one change, and undone to the byte', () =>
  withBox('/catalogue', async (box) => {
    const files = LIMITS.map(({ file }) => file).filter((file) => file !== 'io.cost.qos');
    const present = files.filter((file) => existsSync(join(MOUNT, box.path, file)));
    console.log(`not in this kernel: ${files.filter((file) => !present.includes(file)).join(', ')}`);
    for (const file of ['cpu.max', 'cpu.max.burst', 'memory.zswap.writeback', 'io.max', 'hugetlb.2MB.max', 'misc.max'])
      assert.ok(present.includes(file), `${file} is missing`);
    const before = new Map(present.map((file) => [file, whole(box, file)]));
    const isAsBefore = (): void => {
      for (const [file, text] of before) assert.is(whole(box, file), text, file);
    };
    // An idle cgroup takes no weight: that has a test of its own.
    const rows = Object.entries(VALUES).filter(([file]) => present.includes(file) && file !== 'cpu.weight');
    set(box.path, ...rows.flatMap(([, [flag, value]]) => [flag, value]));
    for (const [file, [, , expected]] of rows)
      assert.is(box.read(file), expected.replace('%', diskNumbers(DISK)), file);
    undo();
    isAsBefore();
    set(box.path, '--cpu-nice', '-5');
    assert.is(box.read('cpu.weight.nice'), '-5');
    undo();
    isAsBefore();
  }));

test('a quota below the burst, and back, in the order that the kernel takes', () =>
  withBox('/burst', async (box) => {
    box.write('cpu.max', '50000 100000');
    box.write('cpu.max.burst', '40000');
    set(box.path, '--cpu', '10%', '--cpu-burst', '0');
    assert.equal([box.read('cpu.max'), box.read('cpu.max.burst')], ['10000 100000', '0']);
    undo();
    assert.equal([box.read('cpu.max'), box.read('cpu.max.burst')], ['50000 100000', '40000']);
  }));

test('memory.max: what grows beyond it is killed, with the group where that is asked', () =>
  withBox('/oom', async (box) => {
    set(box.path, '--memory', '32M', '--swap', '0', '--oom-group', '1');
    const child = await box.run('sleep 1000 & head -c 120m /dev/zero | tail');
    await once(child, 'exit');
    assert.ok(box.figure('memory.events', 'oom_kill') > 0, whole(box, 'memory.events'));
    await until(() => box.read('cgroup.procs') === '');
    assert.is(box.read('cgroup.procs'), '', 'the sleeping one too');
  }));

test('case 68: memory.swap.max, --memory-swap leaves what memory does not take', async () => {
  const swap = process.env.TSCG_GUEST_SWAP ?? '/dev/vdb';
  assert.is(spawnSync('swapon', [swap]).status, 0);
  try {
    await withBox('/swap', async (box) => {
      set(box.path, '--memory', '32M', '--memory-swap', '48M');
      assert.is(box.read('memory.swap.max'), String(16 * MIB));
      const child = await box.run('head -c 120m /dev/zero | tail');
      await once(child, 'exit');
      assert.ok(box.figure('memory.events', 'oom_kill') > 0);
      assert.ok(Number(box.read('memory.swap.peak')) > 0, 'it swapped');
      assert.ok(Number(box.read('memory.swap.peak')) <= 16 * MIB, box.read('memory.swap.peak'));
    });
  } finally {
    spawnSync('swapoff', [swap]);
  }
});

test('io.max holds a direct read to the rate, keeps the other lines, and goes with its last key', () =>
  withBox('/io', async (box) => {
    const file = join(SCRATCH, 'catalogue.bin');
    assert.is(spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=1M', 'count=16', 'conv=fsync']).status, 0);
    // A directory on the disk names it.
    const { status, stdout, stderr } = tscg('set', box.path, '--device-read-bps', `${SCRATCH}:2mb`);
    assert.is(status, 0, stderr);
    assert.match(stdout, /the limit applies to the whole disk|lies on/);
    assert.is(box.read('io.max'), `${diskNumbers(DISK)} rbps=${2 * MIB} wbps=max riops=max wiops=max`);
    const child = await box.run(
      `dd if=${file} of=/dev/null bs=256k count=40 iflag=direct 2>/dev/null; echo done; sleep 100`,
    );
    const started = performance.now();
    await once(child.stdout ?? child, 'data');
    const rate = (10 * MIB) / ((performance.now() - started) / 1000);
    assert.ok(rate < 2.3 * MIB, `${(rate / MIB).toFixed(2)} MiB/s`);
    set(box.path, '--device-write-iops', `${DISK}:120`);
    assert.is(box.read('io.max'), `${diskNumbers(DISK)} rbps=${2 * MIB} wbps=max riops=max wiops=120`);
    set(box.path, '--io-max', 'max');
    assert.is(box.read('io.max'), '');
    undo();
    assert.is(box.read('io.max'), `${diskNumbers(DISK)} rbps=${2 * MIB} wbps=max riops=max wiops=120`);
  }));

test('pids.max: the fork beyond it fails', () =>
  withBox('/pids', async (box) => {
    set(box.path, '--pids-limit', '4');
    const child = await box.run('for i in 1 2 3 4 5 6; do sleep 100 & done 2>/dev/null; echo; sleep 100');
    await until(() => box.figure('pids.events', 'max') > 0);
    child.kill();
    assert.ok(box.figure('pids.events', 'max') > 0, whole(box, 'pids.events'));
    assert.ok(Number(box.read('pids.current')) <= 4);
  }));

test('cpuset.cpus confines what runs; with tasks inside it is undone to what it stood for', () =>
  withBox('/cpuset', async (box) => {
    const child = await box.run('sleep 1000');
    set(box.path, '--cpuset-cpus', '1');
    assert.match(readFileSync(`/proc/${child.pid}/status`, 'utf8'), /^Cpus_allowed_list:\t1$/m);
    const { status, stdout } = tscg('undo');
    assert.is(status, 0);
    assert.match(stdout, /the parent's list is set instead/);
    assert.match(readFileSync(`/proc/${child.pid}/status`, 'utf8'), /^Cpus_allowed_list:\t0-1$/m);
  }));

test('a partition that the kernel does not put in force is taken back', () =>
  withBox('/partition', async (box) => {
    box.write('cpuset.cpus', '1');
    box.write('cgroup.subtree_control', '+cpuset');
    await withBox('/partition/inner', async (inner) => {
      const { status, stderr } = tscg('set', inner.path, '--cpuset-partition', 'root');
      assert.is(status, 1);
      assert.match(stderr, /invalid/);
      assert.is(inner.read('cpuset.cpus.partition'), 'member');
    });
  }));

test('cpu.weight shares one CPU between two that are busy', () =>
  withBox('/weights', async (outer) => {
    outer.write('cgroup.subtree_control', '+cpu +cpuset');
    await withBox('/weights/one', (one) =>
      withBox('/weights/two', async (two) => {
        set(one.path, '--cpu-shares', '5000');
        assert.is(one.read('cpu.weight'), '356');
        // Busy no longer than it is measured: other tests run beside this one.
        for (const box of [one, two]) {
          box.write('cpuset.cpus', '1');
          await box.run(BUSY);
        }
        const used = () => [one, two].map((box) => box.figure('cpu.stat', 'usage_usec'));
        const [first = 0, second = 0] = used();
        await sleep(3000);
        const [firstThen = 0, secondThen = 0] = used();
        for (const box of [one, two]) box.write('cgroup.kill', '1');
        const share = (firstThen - first) / (firstThen - first + secondThen - second);
        assert.ok(share > 0.7 && share < 0.86, `${(share * 100).toFixed(1)} % of 78`);
        undo();
        assert.is(one.read('cpu.weight'), '100');
      }),
    );
  }));

test('io.cost.qos is of the root, makes io.weight work for a disk, and goes again', () =>
  withBox('/iocost', async (box) => {
    const { status, stderr } = tscg('set', '/', '--io-cost-qos', `${DISK} enable=1`);
    assert.is(status, 0, stderr);
    try {
      assert.match(readFileSync(join(MOUNT, 'io.cost.qos'), 'utf8'), new RegExp(`^${diskNumbers(DISK)} enable=1`, 'm'));
      set(box.path, '--io-weight', '200', '--io-weight', `${DISK}:50`);
      assert.is(box.read('io.weight'), `default 200\n${diskNumbers(DISK)} 50`);
      undo();
      assert.is(box.read('io.weight'), 'default 100');
    } finally {
      undo();
    }
    assert.match(readFileSync(join(MOUNT, 'io.cost.qos'), 'utf8'), new RegExp(`^${diskNumbers(DISK)} enable=0`, 'm'));
  }));

test('a controller that does not reach the cgroup: where it stops, and what helps', () =>
  withBox('/stops/here', async (box) => {
    const { status, stderr } = tscg('set', box.path, '--memory', '64M');
    assert.is(status, 1);
    assert.match(stderr, /the cgroup.subtree_control of \/stops lacks memory; .*controllers \/stops \+memory/);
  }));

test('case 54: among threads there are no memory limits', () => {
  // Not a box of its own: a threaded cgroup cannot be killed.
  const directory = join(MOUNT, 'domain/threads');
  mkdirSync(directory, { recursive: true });
  try {
    writeFileSync(join(directory, 'cgroup.type'), 'threaded');
    const { status, stderr } = tscg('set', '/domain/threads', '--memory', '64M');
    assert.is(status, 1);
    assert.match(stderr, /"threaded".*name \/domain/);
  } finally {
    rmdirSync(directory);
    rmdirSync(join(MOUNT, 'domain'));
  }
});

test.run();
