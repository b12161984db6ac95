/** What the actions do on a kernel that has every controller, and changes that take themselves back. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Box, BUSY, MOUNT, STATE_DIR, TSCG, tscg, tscgJson, withBox } from '../../boxes.ts';

/** Looks each time a file of the cgroup is written; tscg's writes are such events. */
function until(box: Box, done: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!done()) return;
      watcher.close();
      clearInterval(ticker);
      resolve();
    };
    const watcher = watch(join(MOUNT, box.path), look);
    const ticker = setInterval(look, 200);
    look();
  });
}

const SCRATCH = process.env.TSCG_GUEST_SCRATCH ?? '/scratch';

const stateOf = (pid = 0): string | undefined => /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];

/** The helper of --for and its sleep. */
function sleepersOf(helper = ''): string[] {
  const children = readFileSync(`/proc/${helper}/task/${helper}/children`, 'utf8').trim();
  return [helper, ...children.split(' ').filter((pid) => pid !== '')];
}

test('reclaim takes page cache back and says how much; more than there is, is told', () =>
  withBox('/box', async (box) => {
    // Only what is on the disk can go: dirty pages cannot be reclaimed at once.
    const child = await box.run(
      'head -c 80m /dev/zero > /scratch/cache; sync; cat /scratch/cache > /dev/null; echo done; sleep 1000',
    );
    if (!box.read('memory.current')) throw new Error('no memory controller');
    await once(child.stdout ?? child, 'data');
    const before = Number(box.read('memory.current'));
    const part = tscgJson('reclaim', '/box', '20M');
    assert.ok(Number(part.came) > 10 * 2 ** 20, JSON.stringify(part));
    assert.ok(Number(box.read('memory.current')) < before);
    const { status, stdout } = tscg('reclaim', '/box', '4G');
    assert.is(status, 0);
    assert.match(stdout, /asked 4 GiB of \/box, came back [\d.]+ MiB: .*found no more/);
  }));

test('controllers: shown with where each stops, enabled, undone, and refused by the rules', () =>
  withBox('/box/leaf', async (leaf) => {
    const shown = tscg('controllers', '/box/leaf');
    assert.match(shown.stdout, /memory +no +no +stops at \/box: tscg controllers \/box \+memory/);
    const far = tscg('controllers', '/box/leaf', '+memory');
    assert.is(far.status, 1);
    assert.match(far.stderr, /\/box does not enable it for its children; first: tscg controllers \/box \+memory/);

    const { status, stdout } = tscg('controllers', '/box', '+memory', '+pids', '-io');
    assert.is(status, 0);
    assert.match(stdout, /cgroup\.subtree_control: {2}→ memory pids/);
    assert.is(leaf.read('cgroup.controllers'), 'memory pids');
    assert.is(tscg('undo').status, 0);
    assert.is(leaf.read('cgroup.controllers'), '');
  }));

test('case 55: the no-internal-process rule, from both sides; case 56: no cgroup turns threaded unasked', () =>
  withBox('/box', async (box) => {
    const child = await box.run('exec sleep 1000');
    const full = tscg('controllers', '/box', '+memory');
    assert.is(full.status, 1);
    assert.match(full.stderr, /no-internal-process rule/);
    assert.is(box.read('cgroup.subtree_control'), '');
    const threaded = tscg('controllers', '/box', '+cpu');
    assert.is(threaded.status, 2);
    assert.match(threaded.stderr, /domain threaded/);
    assert.is(box.read('cgroup.type'), 'domain');

    await withBox('/other', async (other) => {
      other.write('cgroup.subtree_control', '+memory');
      const { status, stderr } = tscg('move', `pid:${child.pid}`, '/other');
      assert.is(status, 1);
      assert.match(stderr, /enables memory for .*EBUSY.*mkdir .*\/other\/leaf/);
      writeFileSync(join(MOUNT, 'other/cgroup.subtree_control'), '-memory');
      assert.is(tscg('move', `pid:${child.pid}`, '/other').status, 0);
    });
  }));

test('case 74: a freeze that waits for the disk times out, is thawed again, and says for whom', () =>
  withBox('/box', async (box) => {
    // A writer on a file system that is held waits in the kernel, where it cannot be frozen.
    const hold = (flag: string) => assert.is(spawnSync('fsfreeze', [flag, SCRATCH]).status, 0);
    hold('--freeze');
    try {
      const child = await box.run(`exec sh -c 'echo x > ${SCRATCH}/held; exec sleep 1000'`);
      await until(box, () => stateOf(child.pid) === 'D');
      const { status, stderr } = tscg('freeze', '/box', '--timeout', '500ms');
      assert.is(status, 1);
      assert.match(
        stderr,
        new RegExp(`not frozen within 0.5 s: waiting in the kernel \\(state D\\): pid ${child.pid}; .*thawed`),
      );
      assert.is(box.read('cgroup.freeze'), '0');
      assert.match(tscg('log').stdout, /undone/);
    } finally {
      hold('--unfreeze');
    }
    assert.is(tscg('freeze', '/box').status, 0);
    assert.is(tscg('thaw', '/box').status, 0);
  }));

test('set --for is taken back though tscg was killed right after', () =>
  withBox('/box', async (box) => {
    const child = spawn(process.execPath, [TSCG, 'set', '/box', '--pids', '77', '--for', '3s'], {
      env: { ...process.env, TSCG_STATE_DIR: STATE_DIR, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await until(box, () => box.read('pids.max') === '77');
    child.kill('SIGKILL');
    await ended;
    await until(box, () => box.read('pids.max') === 'max');
    const { stdout } = tscg('log');
    assert.match(stdout, /undone .*pids\.max/);
    assert.match(stdout, /undo of [0-9a-f]{8}: (no other workload had pressure|others' pressure)/);
  }));

test('undo by hand ends it: what is set anew stays over its time', () =>
  withBox('/box', async (box) => {
    const { stdout } = tscg('set', '/box', '--pids', '66', '--for', '2s');
    const helper = /process (\d+) takes it back in 2s/.exec(stdout)?.[1];
    const waiting = sleepersOf(helper);
    assert.is(waiting.length, 2, stdout);
    assert.match(tscg('undo').stdout, /no other workload had pressure|others' pressure/);
    await until(box, () => waiting.every((pid) => !existsSync(`/proc/${pid}`)));
    assert.is(tscg('set', '/box', '--pids', '66').status, 0);
    // A later change of the same kind has come and gone by then.
    assert.is(tscg('set', '/box', '--cpu-weight', '55', '--for', '4s').status, 0);
    await until(box, () => box.read('cpu.weight') === '100');
    assert.is(box.read('pids.max'), '66');
  }));

test('try waits, takes it back, and tells the pressure of others', () =>
  withBox('/victim', async (victim) => {
    await withBox('/box', async (box) => {
      await Promise.all([box.run(BUSY), box.run(BUSY), victim.run(BUSY)]);
      const { status, stdout } = tscg('try', '/box', '--cpu', '50%', '--for', '3s');
      assert.is(status, 0);
      assert.match(stdout, /MINUTE BEFORE +MEANWHILE/);
      assert.match(stdout, /victim +cpu +\d+\.\d % +\d+\.\d %/);
      assert.is(box.read('cpu.max'), 'max 100000');
    });
  }));

test('Ctrl-C ends a try early, and it is taken back', () =>
  withBox('/box', async (box) => {
    const child = spawn(process.execPath, [TSCG, 'try', '/box', '--pids', '88', '--for', '10m'], {
      env: { ...process.env, TSCG_STATE_DIR: STATE_DIR, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    let said = '';
    child.stdout.on('data', (chunk) => (said += chunk));
    // Said right before it waits, and so hears the signal; until then the helper would have to do it.
    while (!said.includes('by Ctrl-C')) await once(child.stdout, 'data');
    assert.is(box.read('pids.max'), '88');
    child.kill('SIGINT');
    const [code] = await ended;
    assert.is(code, 0);
    assert.is(box.read('pids.max'), 'max');
  }));

test.run();
