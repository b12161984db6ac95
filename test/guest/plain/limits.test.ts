/** `tscg set` and `tscg undo` on a kernel that has every controller: what the files say, and what the kernel does. */

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openCgroupFiles } from '../../../src/kernel/cgroup-files.ts';
import { writeWatched } from '../../../src/limits/applying/lower/watchdog.ts';
import { BUSY, MOUNT, tscg, tscgJson, withBox } from '../../boxes.ts';
import { openTscg } from '../open-checkout.ts';
import { withSwap } from './swap.ts';

test('--cpu 50% holds a busy loop to half of one CPU, is shown as throttled, and is undone exactly', () =>
  withBox('/box', async (box) => {
    await box.run(BUSY);
    const before = box.read('cpu.max');
    const { status, stdout } = tscg('set', '/box', '--cpu', '50%');
    assert.is(status, 0);
    assert.match(stdout, /cpu\.max: max 100000 → 50000 100000/);
    assert.match(stdout, /half|0\.5 of one CPU/);
    assert.is(box.read('cpu.max'), '50000 100000');

    const figures = () => ['usage_usec', 'nr_periods', 'nr_throttled'].map((key) => box.figure('cpu.stat', key));
    const [used = 0, periods = 0, throttled = 0] = figures();
    const shown = tscgJson('get', '/box', '--delay', '4');
    const [usedThen = 0, periodsThen = 0, throttledThen = 0] = figures();
    // What it gets of its quota is the machine's business; that it gets no more, the kernel's.
    const ofQuota = (usedThen - used) / ((periodsThen - periods) * 50_000);
    assert.ok(ofQuota > 0 && ofQuota < 1.1, `used ${ofQuota} of its quota in the periods that ran`);
    assert.ok(throttledThen > throttled);
    assert.ok(Number(shown.cpu_throttled_percent) > 0, String(shown.cpu_throttled_percent));
    const ofLimit = Number(shown.cpu_of_limit_percent);
    assert.ok(ofLimit > 0 && ofLimit < 115, String(ofLimit));
    assert.is(shown.cpu_limit_cpus, 0.5);

    assert.is(tscg('undo').status, 0);
    assert.is(box.read('cpu.max'), before);
  }));

/** A shell with so many MiB of its own. */
const holding = (mib: number): string => `{ head -c ${mib}m /dev/zero; sleep 1000; } | tail`;

test('case 106: a full parent binds before a smaller limit below it, and a raise there is told to have no effect', () =>
  withBox('/full', async (parent) => {
    const MIB = 2 ** 20;
    parent.write('cgroup.subtree_control', '+memory +pids');
    parent.write('memory.max', String(130 * MIB));
    await withBox('/full/c1', (c1) =>
      withBox('/full/c2', async (c2) => {
        for (const box of [c1, c2]) {
          box.write('memory.max', String(120 * MIB));
          await box.run(holding(55));
        }
        const isFull = (): boolean => [c1, c2].every((box) => Number(box.read('memory.current')) > 55 * MIB);
        for (let tries = 0; !isFull() && tries < 1000; tries++) await sleep(200);
        const told = tscgJson('get', '/full/c1');
        const limits = told.limits as { file: string; headroom?: number; headroomFrom?: string; from?: string }[];
        const memory = limits.find(({ file }) => file === 'memory.max');
        assert.is(memory?.headroomFrom, '/full');
        assert.is(memory?.from, '/full/c1');
        const left = 130 * MIB - Number(parent.read('memory.current'));
        assert.ok(Math.abs(Number(memory?.headroom) - left) < 8 * MIB, `${memory?.headroom} ${left}`);
        assert.ok(Number(told.memory_of_limit_percent) > 80, String(told.memory_of_limit_percent));
        assert.match(tscg('get', '/full/c1').stdout, /memory\.max .* left in \/full$/m);
        const raise = tscg('set', '/full/c1', '--memory', '125M', '--dry-run').stdout;
        assert.match(raise, /no effect for now: \/full has .* left of 130 MiB/);
      }),
    );
  }));

test('case 110: what is in a tmpfs cannot be reclaimed without swap', () =>
  withBox('/tmpfs', async (box) => {
    await box.run('mkdir /tmp/box; mount -t tmpfs box /tmp/box; head -c 60m /dev/zero > /tmp/box/file; sleep 1000');
    try {
      for (let tries = 0; !(box.figure('memory.stat', 'shmem') >= 60 * 2 ** 20) && tries < 500; tries++)
        await sleep(50);
      assert.ok(Number(tscgJson('get', '/tmpfs').memory_unreclaimable_bytes) >= 60 * 2 ** 20);
    } finally {
      spawnSync('umount', ['/tmp/box']);
    }
  }));

test('case 105: the limit of the only child with processes binds', () =>
  withBox('/step_0', async (step) => {
    step.write('cgroup.subtree_control', '+memory +pids');
    await withBox('/step_0/user', async (user) => {
      user.write('memory.max', String(400 * 2 ** 20));
      await user.run('sleep 1000');
      const told = tscgJson('get', '/step_0');
      assert.is(told.memory_limit_bytes, 400 * 2 ** 20);
      const raise = tscg('set', '/step_0', '--memory', '1G', '--dry-run').stdout;
      assert.match(raise, /no effect: \/step_0\/user, which has all its processes, is already limited to 400 MiB/);
    });
  }));

test('a period other than 100000 is kept', () =>
  withBox('/box', async (box) => {
    box.write('cpu.max', 'max 20000');
    assert.is(tscg('set', '/box', '--cpu', '50%').status, 0);
    assert.is(box.read('cpu.max'), '10000 20000');
    assert.is(tscg('undo').status, 0);
    assert.is(box.read('cpu.max'), 'max 20000');
  }));

test('case 59: --memory below what is in use is refused with numbers and a safer command, watched, and applied by --force', () =>
  withBox('/box', async (box) => {
    const child = await box.run('{ head -c 120m /dev/zero; sleep 1000; } | tail');
    for (let tries = 0; Number(box.read('memory.current')) < 100 * 2 ** 20 && tries < 1000; tries++) await sleep(200);
    assert.ok(Number(box.read('memory.current')) > 100 * 2 ** 20, box.read('memory.current'));

    const { status, stderr } = tscg('set', '/box', '--memory', '64M');
    assert.is(status, 2);
    assert.match(stderr, /\/box uses \d+(\.\d+)? MiB, .* more than 64 MiB/);
    assert.match(stderr, /tscg set \/box --memory-high 67108864/);
    assert.is(box.read('memory.max'), 'max');

    // Where it is written all the same, as when the use grew meanwhile: taken back within the write, before anybody is killed.
    const files = openCgroupFiles(MOUNT);
    const write = { name: 'box', path: '/box', inode: files.inode('/box'), file: 'memory.max', before: 'max' };
    const owner = { via: 'cgroupfs', endpoint: '', subject: '', notes: [] } as const;
    // With swap the kernel has pages to reclaim for a while; with nothing to reclaim it kills sooner than anybody looks.
    await withSwap(async () => {
      assert.is(await writeWatched({ ...write, after: String(32 * 2 ** 20), ...owner }, files, 1), false);
    });
    assert.is(box.read('memory.max'), 'max');
    assert.is(box.figure('memory.events', 'oom_kill'), 0);
    assert.is(child.exitCode, null);

    assert.is(tscg('set', '/box', '--memory', '64M', '--force').status, 0);
    assert.is(box.read('memory.max'), String(64 * 2 ** 20));
    assert.ok(Number(box.read('memory.current')) <= 64 * 2 ** 20);
  }));

test('case 59: page cache in the way of --memory is reclaimed first, and nobody is killed', () =>
  withBox('/box', async (box) => {
    const file = `${process.env.TSCG_GUEST_SCRATCH ?? '/scratch'}/lowered`;
    const child = await box.run(
      `head -c 120m /dev/zero > ${file}; sync; cat ${file} > /dev/null; echo; exec sleep 1000`,
    );
    await once(child.stdout ?? child, 'data');
    assert.ok(Number(box.read('memory.current')) > 100 * 2 ** 20, box.read('memory.current'));
    const { status, stdout, stderr } = tscg('set', '/box', '--memory', '40M');
    assert.is(status, 0, stderr);
    assert.match(stdout, /MiB is reclaimed before memory\.max is set; nothing is killed/);
    assert.equal([box.read('memory.max'), box.read('memory.high')], [String(40 * 2 ** 20), 'max']);
    assert.is(box.figure('memory.events', 'oom_kill'), 0);
    assert.is(tscg('undo').status, 0);
    assert.equal([box.read('memory.max'), box.read('memory.high')], ['max', 'max']);
  }));

test('memory and tasks read back as set, in one change that one undo takes back', () =>
  withBox('/box', async (box) => {
    assert.is(tscg('set', '/box', '--memory', '48M', '--pids', '40', '--cpu-weight', '50').status, 0);
    assert.equal(
      [box.read('memory.max'), box.read('pids.max'), box.read('cpu.weight')],
      [String(48 * 2 ** 20), '40', '50'],
    );
    assert.is(tscg('undo').status, 0);
    assert.equal([box.read('memory.max'), box.read('pids.max'), box.read('cpu.weight')], ['max', 'max', '100']);
  }));

test('undo --all keeps everything as it is where one change is refused, unless forced', () =>
  withBox('/box', (box) =>
    withBox('/other', async (other) => {
      for (const path of [box.path, other.path]) assert.is(tscg('set', path, '--pids', '40').status, 0);
      box.write('pids.max', '50');
      const refused = tscg('undo', '--last', '2');
      assert.is(refused.status, 2);
      assert.match(refused.stderr, /pids\.max reads "50", not the "40" of change .*somebody changed it since/);
      assert.equal([box.read('pids.max'), other.read('pids.max')], ['50', '40']);
      assert.is(tscg('undo', '--last', '2', '--force').status, 0);
      assert.equal([box.read('pids.max'), other.read('pids.max')], ['max', 'max']);
    }),
  ));

test('without permission: what was tried, on which file, and what to do', () =>
  withBox('/box', async () => {
    const { status, stderr } = spawnSync(process.execPath, [openTscg(), 'set', '/box', '--cpu', '50%'], {
      encoding: 'utf8',
      uid: 65534,
      gid: 65534,
      env: { ...process.env, TSCG_STATE_DIR: '/tmp/nobody' },
    });
    assert.is(status, 1, stderr);
    assert.match(stderr, /write "50000 100000" to \/box\/cpu\.max: EACCES \(not permitted; run it with sudo/);
    assert.is(stderr.trim().split('\n').length, 1);
  }));

test('an effective limit names the ancestor that binds', () =>
  withBox('/outer', async (outer) => {
    outer.write('cgroup.subtree_control', '+memory +cpu');
    outer.write('memory.max', String(256 * 2 ** 20));
    await withBox('/outer/inner', async () => {
      const { stdout } = tscg('get', '/outer/inner');
      assert.match(stdout, /memory\.max +max +\(no limit\) +effective 256 MiB, from \/outer/);
      assert.match(
        tscg('set', '/outer/inner', '--memory', '512M', '--dry-run').stdout,
        /\/outer already limits it to 256 MiB/,
      );
    });
  }));

test.run();
