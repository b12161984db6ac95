/** The actions on this machine's own cgroup2 mount: cgroups and processes of the test only. */

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Box, BUSY, MOUNT, TSCG, tscg, tscgJson, withBox } from '../boxes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const PREFIX = `/tscg-actions-${process.pid}`;

const inBox = <T>(name: string, use: (box: Box) => Promise<T>) => withBox(`${PREFIX}-${name}`, use);

const pidsOf = (box: Box): number[] => box.read('cgroup.procs').split('\n').filter(Boolean).map(Number);

test('freeze waits until the kernel says frozen; thaw and undo let it go', () =>
  inBox('freeze', async (box) => {
    await box.run(BUSY);
    const { status, stdout } = tscg('freeze', box.path);
    assert.is(status, 0, stdout);
    assert.match(stdout, /cgroup\.freeze: 0 → 1$/m, 'a value that means itself is not said twice');
    assert.match(stdout, /^frozen$/m);
    assert.is(box.figure('cgroup.events', 'frozen'), 1);
    assert.is(tscg('freeze', box.path, `${MOUNT}${box.path}/`).stdout.match(/already 1/g)?.length, 1, 'named twice');
    assert.match(tscg('freeze', box.path).stdout, /nothing to change/);
    assert.is(tscg('undo').status, 0);
    assert.is(box.figure('cgroup.events', 'frozen'), 0);
    assert.match(tscg('log').stdout, /^([0-9a-f]{8}) .* undone .*\n.* undo of \1 .*1 → 0$/m);

    assert.is(tscgJson('freeze', box.path).frozen, true);
    assert.is(tscgJson('thaw', box.path).frozen, false);
    assert.is(box.read('cgroup.freeze'), '0');
  }));

test('--dry-run freezes nothing', () =>
  inBox('dry', async (box) => {
    await box.run('sleep 1000');
    assert.match(tscg('freeze', box.path, '--dry-run').stdout, /dry run/);
    assert.is(box.read('cgroup.freeze'), '0');
    assert.match(tscg('kill', box.path, '--dry-run').stdout, /SIGKILL to \d process/);
    assert.ok(pidsOf(box).length > 0);
  }));

test('a state directory that cannot be made is an error, and nothing is changed', () =>
  inBox('state', async (box) => {
    for (const directory of ['/proc/nothere', '/proc/self/fd/no/such']) {
      const { status, stderr } = spawnSync(process.execPath, [TSCG, 'freeze', box.path], {
        encoding: 'utf8',
        timeout: 120_000,
        killSignal: 'SIGKILL',
        env: { ...process.env, TSCG_STATE_DIR: directory },
      });
      assert.is(status, 1, directory);
      assert.match(
        stderr,
        /^tscg: cannot write the journal \/proc\/.*ENOENT.*nothing was changed\. .*TSCG_STATE_DIR.*\n$/,
      );
    }
    assert.is(box.read('cgroup.freeze'), '0');
  }));

test('kill ends a whole tree, also while it is frozen, and counts it', () =>
  inBox('kill', async (box) => {
    const child = await box.run('sleep 1000 & sleep 1000 & wait');
    const ended = once(child, 'exit');
    assert.is(tscg('freeze', box.path).status, 0);
    const { status, stdout } = tscg('kill', box.path);
    assert.is(status, 0);
    assert.match(stdout, /killed 3 processes/);
    await ended;
    assert.is(child.signalCode, 'SIGKILL');
    assert.match(tscg('kill', box.path).stdout, /no process runs in it/);
  }));

test('a signal of choice, and SIGKILL for who ignores it after the grace', () =>
  inBox('grace', async (box) => {
    const obeys = await box.run('trap "exit 7" TERM; while :; do sleep 0.05; done');
    const ended = once(obeys, 'exit');
    assert.match(tscg('kill', box.path, '--signal', 'TERM', '--grace', '20s').stdout, /SIGTERM to .*all ended/);
    await ended;
    assert.is(obeys.exitCode, 7);

    const ignores = await box.run('trap "" TERM; while :; do sleep 0.05; done');
    const killed = once(ignores, 'exit');
    assert.match(tscg('kill', box.path, '--grace', '0.3s').stdout, /SIGTERM to .* left after 0\.3s, killed/);
    await killed;
    assert.is(ignores.signalCode, 'SIGKILL');
  }));

test('pid:N is killed where it is alone; else that it means them all is said first', () =>
  inBox('company', async (box) => {
    const child = await box.run('exec sleep 1000');
    const ended = [child, await box.run('exec sleep 1000')].map((started) => once(started, 'exit'));
    const target = `pid:${child.pid}`;
    const risk = `${target} is the whole of ${box.path}, where 1 other process runs too; .*kill ${child.pid}; .*tscg kill ${box.path}`;
    const { status, stderr } = tscg('kill', target);
    assert.is(status, 2);
    assert.match(stderr, new RegExp(risk));
    assert.match(tscg('kill', target, '--dry-run').stdout, new RegExp(risk));
    assert.is(pidsOf(box).length, 2);

    assert.match(tscg('kill', target, '--force').stdout, /killed 2 processes/);
    await Promise.all(ended);
    const alone = await box.run('exec sleep 1000');
    assert.match(tscg('kill', `pid:${alone.pid}`).stdout, /killed 1 process\n/);
  }));

test('move takes a process there and tells the way back', () =>
  inBox('move', async (box) => {
    const child = await box.run('exec sleep 1000');
    await inBox('move-to', async (other) => {
      const { status, stdout } = tscg('move', `pid:${child.pid}`, other.path);
      assert.is(status, 0);
      assert.match(stdout, new RegExp(`back: tscg move pid:${child.pid} ${box.path}`));
      assert.equal(pidsOf(other), [child.pid]);
      assert.match(tscg('move', `pid:${child.pid}`, other.path).stdout, /there already/);
    });
  }));

test('case 54: a threaded cgroup takes no process, and its processes are found all the same', () =>
  inBox('threaded', async (box) => {
    const child = await box.run('exec sleep 1000');
    const inner = join(MOUNT, box.path, 'inner');
    mkdirSync(inner);
    try {
      writeFileSync(join(inner, 'cgroup.type'), 'threaded');
      const { status, stderr } = tscg('move', `pid:${child.pid}`, `${box.path}/inner`);
      assert.is(status, 1);
      assert.match(stderr, /^tscg: .* is threaded: .*domain above it.*\n$/);
      writeFileSync(join(inner, 'cgroup.threads'), String(child.pid));
      assert.match(tscg('kill', `${box.path}/inner`, '--dry-run').stdout, /to 1 process\n/);
      // cgroup.kill does not work there: its processes are killed one by one.
      const ended = once(child, 'exit');
      assert.match(tscg('kill', `${box.path}/inner`).stdout, /killed 1 process\n/);
      await ended;
    } finally {
      child.kill('SIGKILL');
      rmdirSync(inner);
    }
  }));

test('bad input is 2, failure 1, one line each', () => {
  const table: readonly [readonly string[], number, RegExp][] = [
    [['freeze', '/'], 1, /root cgroup cannot be frozen/],
    [['kill', '/'], 1, /root cgroup holds the whole machine/],
    [['freeze', `${PREFIX}-none`], 2, /no .* is called|no cgroup/],
    [['kill', '/', '--signal', 'NOPE'], 2, /no signal "NOPE"/],
    [['kill', '/', '--grace', 'soon'], 2, /--grace: "soon" is not a time/],
    [['freeze', '/', '--timeout', '0'], 2, /--timeout: 0 is not from/],
    [['reclaim', '/', '5x'], 2, /not a size/],
    [['reclaim', '/', '0'], 2, /no amount to reclaim/],
    [['move', 'nobody', '/'], 2, /no process; give one as pid:1234/],
    [['move', 'pid:99999999', '/'], 1, /no process 99999999/],
    [['move', 'pid:2', '/'], 1, /kernel thread/],
    [['controllers', '/', 'io'], 2, /no step/],
    [['controllers', '/', '--jsno'], 2, /no step/],
    [['controllers', '/', '+nope'], 1, /no controller "nope"/],
  ];
  for (const [args, code, expected] of table) {
    const { status, stdout, stderr } = tscg(...args);
    const said = args.join(' ');
    assert.is(status, code, `${said}: ${stderr}`);
    assert.match(stderr, expected, said);
    assert.match(stderr, /^tscg: [^\n]+\n$/, said);
    assert.is(stdout, '', said);
  }
});

/** tscg in that cgroup, which is the root of its cgroup namespace, over the mount from outside. */
function fromInside(box: Box, ...args: string[]) {
  const script = `echo 0 > '${join(MOUNT, box.path, 'cgroup.procs')}'; exec unshare -C "$@"`;
  return spawnSync('sh', ['-c', script, 'sh', process.execPath, TSCG, ...args], { encoding: 'utf8' });
}

test('case 38: over a mount from outside our cgroup namespace we are found all the same, and others are reached', () =>
  inBox('inside', (inside) =>
    inBox('beside', async (beside) => {
      await beside.run('exec sleep 1000');
      const { status, stderr } = fromInside(inside, 'freeze', inside.path);
      assert.is(status, 2);
      assert.match(stderr, /this command and your shell run in .*or add --force\n$/);
      const dry = fromInside(inside, 'freeze', '--dry-run', '--json', inside.path);
      assert.equal([dry.status, dry.stderr], [2, '']);
      assert.is(fromInside(inside, 'freeze', '--dry-run', beside.path).status, 0);
      const { stdout } = fromInside(inside, 'kill', '--signal', 'TERM', beside.path);
      assert.match(stdout, /SIGTERM to 1 process of 1/);
    }),
  ));

test('a refusal ends with 2, as its dry run does; --json tells the plan with its risks; --force is no refusal', () =>
  inBox('refused', async (box) => {
    const table: readonly (readonly [words: readonly string[], done: string])[] = [
      [['freeze', box.path], 'applied'],
      [['kill', box.path], 'done'],
      [['reclaim', box.path, '1M'], 'done'],
    ];
    for (const [words, done] of table) {
      const what = words.join(' ');
      const refused = fromInside(box, ...words, '--json');
      assert.is(refused.status, 2, what);
      assert.match(refused.stderr, /^tscg: refused: [^\n]+\n/, what);
      const dry = fromInside(box, ...words, '--json', '--dry-run');
      assert.equal([dry.status, dry.stderr], [2, ''], what);
      for (const text of [refused.stdout, dry.stdout]) {
        const told: unknown = JSON.parse(text);
        assert.ok(typeof told === 'object' && told !== null && 'risks' in told && Array.isArray(told.risks), what);
        assert.is(told.risks[0]?.level, 'refuse', what);
        assert.is(Reflect.get(told, done), false, what);
      }
      assert.is(fromInside(box, ...words, '--dry-run', '--force').status, 0, what);
    }
  }));

test('an engine that runs in a cgroup of any name is not frozen with it; one inside a container is its own business', async () => {
  const folder = temporaryFolder();
  const daemon = join(folder, 'dockerd');
  copyFileSync('/bin/sleep', daemon);
  const run = (box: Box) => box.run(`exec '${daemon}' 1000`);
  await inBox('session', async (box) => {
    const { pid } = await run(box);
    while (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'dockerd\n') await sleep(10);
    assert.match(tscg('freeze', box.path).stderr, /the container engine dockerd runs in .*or add --force/);
    assert.is(box.read('cgroup.freeze'), '0');
  });
  await inBox(`outer/docker/${'ab'.repeat(32)}`, async (box) => {
    const { pid } = await run(box);
    while (readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'dockerd\n') await sleep(10);
    assert.is(tscg('freeze', box.path).status, 0);
  });
});

test.run();
