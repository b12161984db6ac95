/**
 * Directories that are called as somebody else's unit or container (cases 101 to 103): whoever may make a directory does not
 * choose what root's command changes. Everything of the one that has the name stays as it was; what is asked of the other
 * is done in its own files, or not at all.
 */

import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOUNT, STATE_DIR, tscg } from '../../boxes.ts';
import { skip } from '../../skip.ts';
import {
  asAlice,
  startDocker,
  startDockerDaemon,
  startService,
  startUserManager,
  startUserService,
} from './workloads.mjs';

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', timeout: 60_000 }).trim();

const FILES = ['memory.max', 'memory.high', 'pids.max', 'cpu.max', 'cgroup.freeze', 'cgroup.procs'];
const filesOf = (path: string): string[] => FILES.map((file) => `${file} ${read(path, file)}`);

function read(path: string, file: string): string {
  try {
    return readFileSync(join(MOUNT, path, file), 'utf8').trim();
  } catch {
    return '--';
  }
}

/** Whatever could be changed of the unit: its properties, the drop-ins of set-property, its files, whether it runs. */
function unitState(unit: string, path: string): string[] {
  const properties = ['MemoryMax', 'MemoryHigh', 'TasksMax', 'CPUQuotaPerSecUSec', 'DropInPaths', 'FreezerState'];
  const shown = run('systemctl', 'show', unit, ...properties.flatMap((name) => ['-p', name]));
  return [...shown.split('\n').sort(), ...filesOf(path)];
}

const WEB = '/system.slice/web.service';
const webState = (): string[] => unitState('web.service', WEB);

function done(...args: string[]): string {
  const { status, stdout, stderr } = tscg(...args);
  assert.is(status, 0, `tscg ${args.join(' ')}: ${stdout}${stderr}`);
  return `${stdout}${stderr}`;
}

/** A command and all that it prints, whatever it ends with. */
function tried(...args: string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = tscg(...args);
  return { status, text: `${stdout}${stderr}` };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300 && !isSo(); tries++) await sleep(20);
  assert.ok(isSo());
}

/** A service with Delegate=yes that makes cgroups below its own, each with a sleeper. */
async function startDelegated(name: string, inner: readonly string[]): Promise<string> {
  const own = `/system.slice/${name}.service`;
  const at = join(MOUNT, own);
  const script = [
    `cd ${at}; mkdir -p init.scope ${inner.join(' ')}; echo $$ > init.scope/cgroup.procs`,
    'echo "+memory +pids" > cgroup.subtree_control; echo "+memory +pids" > app.slice/cgroup.subtree_control',
    ...inner.map((path) => `(sleep 100000 & echo $! > ${path}/cgroup.procs)`),
    'exec sleep 100000',
  ].join('; ');
  // In a file: systemd expands `$$` in a command line.
  writeFileSync(`/tmp/${name}.sh`, script);
  run('systemd-run', '-q', `--unit=${name}`, '-p', 'Delegate=yes', 'sh', `/tmp/${name}.sh`);
  for (const path of inner) await until(() => /\d/.test(read(`${own}/${path}`, 'cgroup.procs')));
  return own;
}

const HARDLY = String(100 * 2 ** 20);

/**
 * Everything that is done by a name elsewhere is done here in the files of this very cgroup, and changes nothing of the
 * other's.
 */
function isItself(path: string, other: () => string[]): void {
  const before = other();
  const own = filesOf(path);
  const steps: readonly (readonly [command: readonly string[], file: string, text: string])[] = [
    [['set', path, '--memory', '100M'], 'memory.max', HARDLY],
    [['undo'], 'memory.max', 'max'],
    [['freeze', path], 'cgroup.freeze', '1'],
    [['undo'], 'cgroup.freeze', '0'],
  ];
  const [first = []] = steps[0] ?? [];
  const plan = done(...first, '--dry-run');
  assert.not.match(plan, /MemoryMax|via (systemd|docker)/, plan);
  for (const [command, file, text] of steps) {
    const said = done(...command);
    assert.is(read(path, file), text, `tscg ${command.join(' ')}\n${said}`);
    assert.equal(other(), before, `tscg ${command.join(' ')}\n${said}`);
  }
  assert.equal(filesOf(path), own);
  failsAlone(path, other, before);
}

/** One file of two cannot be written: the other goes back, and nothing else is touched. */
function failsAlone(path: string, other: () => string[], before: readonly string[]): void {
  const place = join(MOUNT, path, 'pids.max');
  writeFileSync('/tmp/stuck', 'max\n');
  run('mount', '--bind', '/tmp/stuck', place);
  run('mount', '-o', 'remount,bind,ro', place);
  try {
    const { status, text } = tried('set', path, '--memory', '100M', '--pids', '40');
    assert.is(status, 1, text);
    assert.match(text, /nothing of this change is left/, text);
  } finally {
    run('umount', place);
  }
  assert.is(read(path, 'memory.max'), 'max');
  assert.equal(other(), before);
}

/** What an older tscg did by the name is in the journal: it is not taken back from somebody else. */
function journalled(path: string, via: string, endpoint: string, subject: string): string {
  const id = Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
  const write = {
    name: path,
    path,
    inode: inodeOf(path),
    file: 'pids.max',
    before: '99',
    after: 'max',
    via,
    endpoint,
    subject,
  };
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const change = { id, time: Date.now(), boot, uid: 0, command: ['set', path], mount: MOUNT, writes: [write] };
  mkdirSync(STATE_DIR, { recursive: true });
  const lines = [
    { type: 'begin', ...change },
    { type: 'end', id, time: Date.now(), outcome: 'applied' },
  ].map((line) => JSON.stringify(line));
  appendFileSync(join(STATE_DIR, 'journal.jsonl'), `\n${lines.join('\n')}\n`);
  return id;
}

const inodeOf = (path: string): number => Number(run('stat', '-c', '%i', join(MOUNT, path)));

function isNotTakenBackFrom(id: string, other: () => string[]): void {
  const before = other();
  const { status, text } = tried('undo', id, '--force');
  assert.is(status, 1, text);
  assert.match(text, /nothing is written by that name/);
  assert.equal(other(), before, text);
}

test('102: a unit within a service with Delegate=yes is not the system unit of that name', async () => {
  await startService('web', { properties: { MemoryMax: '300M', TasksMax: '77' } });
  const own = await startDelegated('del', ['app.slice/web.service']);
  const inner = `${own}/app.slice/web.service`;
  isItself(inner, webState);
  isNotTakenBackFrom(journalled(inner, 'systemd', '/run/dbus/system_bus_socket', 'web.service'), webState);
  const plan = done('set', inner, '--memory', '100M', '--dry-run');
  assert.match(plan, /is no unit of systemd's own: it lies in \/system\.slice\/del\.service/);
  const { status, text } = tried('set', inner, '--memory', '100M', '--via', 'systemd');
  assert.is(status, 2, text);
  const before = webState();
  assert.match(done('kill', inner), /1 process/);
  assert.equal(webState(), before);
});

test('a directory where systemd would keep the unit is plain as long as systemd keeps it elsewhere', () => {
  const path = '/other.slice/web.service';
  run('systemd-run', '-q', '--unit=held', '--slice=other.slice', 'sleep', '100000');
  mkdirSync(join(MOUNT, path));
  try {
    isItself(path, webState);
    const plan = done('set', path, '--pids', '40', '--dry-run');
    assert.match(
      plan,
      /systemd's web\.service has the cgroup \/system\.slice\/web\.service, not \/other\.slice\/web\.service/,
    );
    const before = webState();
    const { status, text } = tried('set', path, '--pids', '40', '--via', 'systemd');
    assert.is(status, 1, text);
    assert.match(text, /nothing is written by that name/);
    assert.equal([webState(), read(path, 'pids.max')], [before, 'max']);
  } finally {
    rmdirSync(join(MOUNT, path));
  }
});

test("what a user makes below her manager is not another's unit, nor another's container", async () => {
  await startUserManager();
  await startUserService('names-awake');
  await startDockerDaemon('systemd');
  const { id = '', cgroup } = await startDocker('names-box', { flags: ['--pids-limit', '77', '--memory', '300m'] });
  const dockerState = (): string[] => [
    run('docker', 'inspect', '-f', '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.State.Status}}', id),
    ...unitState(`docker-${id}.scope`, cgroup),
  ];
  const manager = '/user.slice/user-1000.slice/user@1000.service';
  const names = [`docker-${id}.scope`, 'web.service', 'user@1000.service'];
  for (const [index, name] of names.entries()) {
    const path = `${manager}/app.slice/${name}`;
    // Her own process goes there, for she may move it below her own manager.
    const { pid } = await startUserService(`names-sleeper${index}`);
    const at = join(MOUNT, path);
    await asAlice('sh', '-c', `mkdir '${at}' && echo ${pid} > '${at}/cgroup.procs'`);
    const others = (): string[] => [...dockerState(), ...webState(), ...filesOf(manager)];
    isItself(path, others);
    if (!name.startsWith('docker')) continue;
    assert.match(done('get', path), /claims +to be the container names-box, which is \/system/);
    isNotTakenBackFrom(journalled(path, 'docker', '/run/docker.sock', id), others);
  }
  // By its id and by its name the container is meant that docker has.
  for (const query of ['names-box', id]) assert.match(done('get', query), new RegExp(cgroup));
  done('kill', `${manager}/app.slice/docker-${id}.scope`);
  assert.is(run('docker', 'inspect', '-f', '{{.State.Status}}', id), 'running');
});

test('103: a unit whose directory has another name than itself is limited through systemd', () => {
  run('systemd-run', '-q', '--unit=memory.service', '--slice=oracle.slice', 'sleep', '100000');
  const path = '/oracle.slice/_memory.service';
  assert.ok(existsSync(join(MOUNT, path)));
  assert.match(done('set', 'memory.service', '--pids', '40'), /TasksMax=40/);
  assert.equal([run('systemctl', 'show', 'memory.service', '-P', 'TasksMax'), read(path, 'pids.max')], ['40', '40']);
  done('freeze', path);
  assert.is(run('systemctl', 'show', 'memory.service', '-P', 'FreezerState'), 'frozen');
  done('thaw', path);
  assert.match(done('ls', '--all', '--delay', '0.1'), /^memory\.service /m);
});

const hasCapsules = Number(/^systemd (\d+)/.exec(run('systemctl', '--version'))?.[1]) >= 256;

const CAPSULE = "101: a unit of a capsule is its own manager's, not the system's";
const ofCapsule = async (): Promise<void> => {
  run('systemctl', 'start', 'capsule@demo.service');
  run('systemd-run', '-q', '--capsule=demo', '--unit=web.service', 'sleep', '100000');
  const path = '/capsule.slice/capsule@demo.service/app.slice/web.service';
  await until(() => existsSync(join(MOUNT, path)));
  isItself(path, webState);
  assert.match(done('set', path, '--pids', '40', '--dry-run'), /systemctl --capsule=demo set-property web\.service/);
  assert.match(done('ls', '--delay', '0.1'), /web\.service/);
};
if (hasCapsules) test(CAPSULE, ofCapsule);
else skip(test, CAPSULE, 'needs systemd 256 or newer, which has capsules');

test.run();
