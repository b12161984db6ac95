/**
 * Every kind of workload by its name, and a limit through its owner: the kernel's files, and the owner's own view, agree,
 * and still after a daemon-reload; which takes back what was written past systemd, and that is told.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOUNT, tscg } from '../../boxes.ts';
import {
  asAlice,
  startDocker,
  startDockerDaemon,
  startLxc,
  startNspawn,
  startPodman,
  startRootlessPodman,
  startService,
  startUserService,
} from './workloads.mjs';

interface Running {
  readonly name: string;
  readonly cgroup: string;
  readonly id?: string;
}

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' }).trim();

const FILES = ['cpu.max', 'memory.max', 'pids.max'];

/** Limits of a cgroup, or of the parent where the runtime put them there (crun's `container`). */
function limitsOf(cgroup: string): string[][] {
  const read = (path: string, file: string): string => {
    try {
      return readFileSync(join(MOUNT, path, file), 'utf8').trim();
    } catch {
      return '';
    }
  };
  return [cgroup, join(cgroup, '..')].map((path) => FILES.map((file) => read(path, file)));
}

const WANTED = ['30000 100000', String(48 * 2 ** 20), '40'];

const UNSET = ['max 100000', 'max', 'max'];

const isLimited = (cgroup: string): boolean => limitsOf(cgroup).some((limits) => limits.join() === WANTED.join());

interface Case {
  readonly what: string;
  readonly start: () => Promise<Running>;
  readonly kind: string;
  readonly owner: string;
  readonly image?: RegExp;
  /** The owner's own view as [cpu, memory, pids], and what it must say. */
  readonly view?: (running: Running) => unknown;
  readonly viewed?: unknown;
  /** systemd writes its own values back when it reloads. */
  readonly isReverted?: true;
}

const SHOW = ['-p', 'CPUQuotaPerSecUSec', '-p', 'MemoryMax', '-p', 'TasksMax', '--value'];

const systemctl = (unit: string) =>
  run('systemctl', 'show', unit, ...SHOW)
    .split('\n')
    .sort();

/** Podman keeps an update only from 5.1 on; before, the Plan says so. */
const podmanView = ({ name }: Running) =>
  keepsUpdates()
    ? run('podman', 'inspect', '-f', '{{.HostConfig.CpuQuota}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}', name)
    : ENGINE_VIEW;

function keepsUpdates(): boolean {
  const [major = 0, minor = 0] = run('podman', 'version', '-f', '{{.Client.Version}}').split('.').map(Number);
  return major > 5 || (major === 5 && minor >= 1);
}

const SYSTEMD_VIEW = ['300ms', '40', String(48 * 2 ** 20)].sort();

const ENGINE_VIEW = `30000 ${48 * 2 ** 20} 40`;

const dockerView = ({ name }: Running) =>
  run('docker', 'inspect', '-f', '{{.HostConfig.CpuQuota}} {{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}', name);

const CASES: readonly Case[] = [
  {
    what: 'a systemd service',
    isReverted: true,
    start: () => startService('quota', { properties: { CPUQuota: '50%' } }),
    kind: 'unit',
    owner: 'systemd',
    view: () => systemctl('quota.service'),
    viewed: SYSTEMD_VIEW,
  },
  {
    what: 'docker, systemd driver',
    isReverted: true,
    start: async () => {
      await startDockerDaemon('systemd');
      return startDocker('web');
    },
    kind: 'container',
    owner: 'docker',
    image: /busybox/,
    view: dockerView,
    viewed: ENGINE_VIEW,
  },
  {
    what: 'podman, crun, systemd manager',
    start: () => startPodman('pc', { runtime: 'crun', manager: 'systemd' }),
    kind: 'container',
    owner: 'podman',
    image: /busybox/,
    view: podmanView,
    viewed: ENGINE_VIEW,
  },
  {
    what: 'podman, runc, systemd manager',
    isReverted: true,
    start: () => startPodman('pr', { runtime: 'runc', manager: 'systemd' }),
    kind: 'container',
    owner: 'podman',
    image: /busybox/,
    view: podmanView,
    viewed: ENGINE_VIEW,
  },
  {
    what: 'podman, crun, cgroupfs manager',
    start: () => startPodman('pcf', { runtime: 'crun', manager: 'cgroupfs' }),
    kind: 'container',
    owner: 'podman',
    image: /busybox/,
    view: podmanView,
    viewed: ENGINE_VIEW,
  },
  {
    what: 'podman, runc, cgroupfs manager',
    start: () => startPodman('prf', { runtime: 'runc', manager: 'cgroupfs' }),
    kind: 'container',
    owner: 'podman',
    image: /busybox/,
    view: podmanView,
    viewed: ENGINE_VIEW,
  },
  {
    what: 'a podman pod',
    start: () => startPodman('ppod', { pod: 'p1' }),
    kind: 'container',
    owner: 'podman',
    image: /busybox/,
    view: podmanView,
    viewed: ENGINE_VIEW,
  },
  {
    what: 'nspawn',
    isReverted: true,
    start: () => startNspawn('nsp'),
    kind: 'machine',
    owner: 'nspawn',
    view: () => systemctl('machine-nsp.scope'),
    viewed: SYSTEMD_VIEW,
  },
  {
    what: 'LXC',
    start: () => startLxc('lxc1'),
    kind: 'machine',
    owner: 'lxc',
    view: () => FILES.map((file) => run('lxc-cgroup', '-n', 'lxc1', file)),
    viewed: WANTED,
  },
  {
    what: 'rootless podman',
    start: async () => {
      const started = await startRootlessPodman('rp');
      await asAlice('systemctl', '--user', 'start', 'podman.socket');
      return started;
    },
    kind: 'container',
    owner: 'podman',
    image: /busybox/,
  },
  {
    what: 'a user service',
    isReverted: true,
    start: () => startUserService('us'),
    kind: 'unit',
    owner: 'systemd',
    view: async () => (await asAlice('systemctl', '--user', 'show', 'us.service', ...SHOW)).split('\n').sort(),
    viewed: SYSTEMD_VIEW,
  },
];

const DOCKER_CGROUPFS: Case = {
  what: 'docker, cgroupfs driver',
  start: async () => {
    run('docker', 'rm', '-f', 'web');
    await startDockerDaemon('cgroupfs');
    return startDocker('webfs');
  },
  kind: 'container',
  owner: 'docker',
  image: /busybox/,
  view: dockerView,
  viewed: ENGINE_VIEW,
};

// Podman's API answers on demand, as on a machine where it is used.
run('systemctl', 'start', 'podman.socket');

interface Row {
  readonly path: unknown;
  readonly name: unknown;
  readonly kind: unknown;
  readonly owner: unknown;
  readonly image: unknown;
}

function listed(): readonly Row[] {
  const { status, stdout, stderr } = tscg('ls', '--json', '--delay', '0.2');
  assert.is(status, 0, stderr);
  const rows: unknown = JSON.parse(stdout);
  assert.ok(Array.isArray(rows));
  return rows;
}

function isNamed(rows: readonly Row[], { name, kind, owner, image }: Case & Running): void {
  const found = rows.filter((row) => row.name === name || row.name === `${name}.service`);
  assert.equal(
    found.map((row) => [row.kind, row.owner]),
    [[kind, owner]],
    name,
  );
  if (image) assert.match(String(found[0]?.image), image);
}

/** In one change: of each, its own owner is asked. */
function limit(names: readonly string[]): string {
  const { status, stdout, stderr } = tscg('set', ...names, '--cpu', '30%', '--memory', '48M', '--pids', '40');
  assert.is(status, 0, `${stdout}${stderr}`);
  return stdout;
}

async function isLimitedThroughItsOwner({ name, cgroup, view, viewed }: Case & Running): Promise<void> {
  assert.ok(isLimited(cgroup), `${name}: ${JSON.stringify(limitsOf(cgroup))}`);
  if (view) assert.equal(await view({ name, cgroup }), viewed, name);
}

/** A file comes with a unit's first limit of its controller, and may stay or go with the last: no file is no limit. */
const orUnset = (texts: readonly string[][]): string[] =>
  texts.flat().map((text, index) => text || (UNSET[index % 3] ?? ''));

async function reload(): Promise<void> {
  run('systemctl', 'daemon-reload');
  await asAlice('systemctl', '--user', 'daemon-reload');
}

const running: (Case & Running & { before: string[] })[] = [];

test('each kind of workload has its name, kind, owner and image; monitors are not containers', async () => {
  for (const one of CASES) {
    const started = await one.start();
    running.push({ ...one, ...started, before: orUnset(limitsOf(started.cgroup)) });
  }
  const rows = listed();
  for (const one of running) isNamed(rows, one);
  assert.equal(
    rows.filter(({ kind, path }) => kind === 'container' && /conmon|monitor/.test(String(path))),
    [],
  );
});

test('all are limited through their owners in one change', () => {
  const plan = limit(running.map(({ name }) => name));
  const told = plan.match(/podman before 5\.1 does not keep an update/g) ?? [];
  assert.ok(told.length >= running.filter(({ owner }) => owner === 'podman').length, plan);
});

for (const [index, { what }] of CASES.entries()) {
  test(`${what}: the kernel's files and its owner's own view agree`, async () => {
    const one = running[index];
    assert.ok(one);
    await isLimitedThroughItsOwner(one);
  });
}

test('each limit is kept over a daemon-reload', async () => {
  await reload();
  for (const one of running) await isLimitedThroughItsOwner(one);
});

test('each limit is undone', () => {
  const { status, stdout, stderr } = tscg('undo');
  assert.is(status, 0, `${stdout}${stderr}`);
  for (const { name, cgroup, before } of running) assert.equal(orUnset(limitsOf(cgroup)), before, name);
});

test('raw writes: a daemon-reload takes back what systemd owns, which is told as drift; the rest stays', async () => {
  const names = running.map(({ name }) => name);
  const raw = tscg('set', ...names, '--memory', '48M', '--pids', '40', '--via', 'cgroupfs');
  assert.is(raw.status, 0, raw.stderr);
  assert.match(raw.stdout, /warning: systemd owns quota\.service/);
  const isRaw = ({ cgroup }: Running): boolean =>
    limitsOf(cgroup).some(([, ...limits]) => limits.join() === WANTED.slice(1).join());
  assert.equal(
    running.filter((one) => !isRaw(one)).map(({ name }) => name),
    [],
  );
  await reload();
  const { stdout } = tscg('log');
  for (const { name, cgroup, isReverted = false } of running) {
    assert.is(isRaw({ name, cgroup }), !isReverted, `${name}: ${JSON.stringify(limitsOf(cgroup))}`);
    const told = new RegExp(`drift: systemd (reverted|changed) memory\\.max of ${name}:`);
    assert.is(told.test(stdout), isReverted, `${name}: ${stdout}`);
  }
  assert.is(tscg('undo', '--force').status, 0);
});

test("what systemd keeps beside a transient unit ends with it, as the plan says: docker's restart ends its scope", async () => {
  const { cgroup } = await startDocker('brief', { driver: 'systemd' });
  const weight = () => readFileSync(join(MOUNT, cgroup, 'cpu.weight'), 'utf8').trim();
  const set = tscg('set', 'brief', '--cpu-weight', '50', '--persist');
  assert.is(set.status, 0, set.stderr);
  assert.match(
    set.stdout,
    /lasts until the container stops or restarts; to keep it: docker update --cpu-shares SHARES/,
  );
  assert.is(weight(), '50');
  run('docker', 'restart', '-t', '0', 'brief');
  assert.is(weight(), '100');
});

test('docker, cgroupfs driver: named, limited through its owner, kept over a daemon-reload, undone', async () => {
  const one = { ...DOCKER_CGROUPFS, ...(await DOCKER_CGROUPFS.start()) };
  const before = orUnset(limitsOf(one.cgroup));
  isNamed(listed(), one);
  limit([one.name]);
  await isLimitedThroughItsOwner(one);
  await reload();
  await isLimitedThroughItsOwner(one);
  const { status, stderr } = tscg('undo');
  assert.is(status, 0, stderr);
  assert.equal(orUnset(limitsOf(one.cgroup)), before);
});

test("docker's --cpus stays what it was started with, limited and undone", async () => {
  const { cgroup } = await startDocker('pinned', { driver: 'cgroupfs', cpus: 1 });
  const told = () => [
    readFileSync(join(MOUNT, cgroup, 'cpu.max'), 'utf8').trim(),
    run('docker', 'inspect', '-f', '{{.HostConfig.NanoCpus}}', 'pinned'),
  ];
  const limited = tscg('set', 'pinned', '--cpu', '30%');
  assert.is(limited.status, 0, limited.stderr);
  assert.equal(told(), ['30000 100000', '300000000']);
  const undone = tscg('undo');
  assert.is(undone.status, 0, undone.stderr);
  assert.equal(told(), ['100000 100000', '1000000000']);
});

test('case 109: with podman and crun a limit of tasks follows on both levels, and is taken back on both', async () => {
  const { name, cgroup } = await startPodman('levels', { flags: ['--pids-limit=100'] });
  assert.ok(cgroup.endsWith('/container'), cgroup);
  const both = () =>
    [join(cgroup, '..'), cgroup].map((path) => readFileSync(join(MOUNT, path, 'pids.max'), 'utf8').trim());
  const start = both();
  assert.is(start[1], '100');
  const free = tscg('set', name, '--pids-limit', '-1');
  assert.is(free.status, 0, free.stderr);
  assert.equal(both(), ['max', 'max']);
  const few = tscg('set', name, '--pids', '50');
  assert.is(few.status, 0, few.stderr);
  assert.is(both()[1], '50');
  for (let changes = 0; changes < 2; changes++) assert.is(tscg('undo').status, 0);
  assert.equal(both(), start);
});

test('podman and crun, without the API: a limit is raised where crun set it, and is in the snapshot', async () => {
  run('systemctl', 'stop', 'podman.socket', 'podman.service');
  assert.ok(existsSync('/run/podman/podman.sock'), 'systemd leaves the file');
  const { name, cgroup } = await startPodman('deep', { memory: '64m' });
  assert.match(tscg('snapshot').stdout, /name: deep\n.*\n.*\n +memory: 64M/);
  const { status, stdout, stderr } = tscg('set', name, '--memory', '100M');
  assert.is(status, 0, stderr);
  assert.match(stdout, /memory\.max: 67108864 → 104857600/);
  const limit = () => readFileSync(join(MOUNT, cgroup, 'memory.max'), 'utf8').trim();
  assert.is(limit(), '104857600');
  assert.is(tscg('undo').status, 0);
  assert.is(limit(), '67108864');
});

test('a container or unit that does not run is told as such', async () => {
  await startDocker('halted', {});
  run('docker', 'stop', '-t', '0', 'halted');
  for (const words of [
    ['set', 'halted', '--cpu', '30%'],
    ['get', 'halted'],
    ['ns', 'halted'],
  ]) {
    const { status, stderr } = tscg(...words);
    assert.is(status, 2);
    assert.match(stderr, /"halted" is a docker container that does not run \(exited\), so it has no cgroup/);
  }
  assert.match(
    tscg('freeze', 'emergency').stderr,
    /is the unit emergency\.service, in which nothing runs \(inactive\)/,
  );
});

test('a raw write in a unit is warned of, and a daemon-reload takes it back', async () => {
  await startService('raw', {});
  const { stdout } = tscg('set', 'raw', '--cpu', '30%', '--via', 'cgroupfs');
  assert.match(stdout, /warning: systemd owns raw\.service/);
  run('systemctl', 'set-property', '--runtime', 'raw.service', 'CPUWeight=50');
  run('systemctl', 'daemon-reload');
  const read = () => readFileSync(join(MOUNT, 'system.slice/raw.service/cpu.max'), 'utf8').trim();
  assert.is.not(read(), '30000 100000');
  assert.match(tscg('log').stdout, /drift: systemd reverted cpu\.max of raw: it reads max 100000, not 30000 100000/);
  assert.is(tscg('reapply').status, 0);
  assert.is(read(), '30000 100000');
});

test.run();
