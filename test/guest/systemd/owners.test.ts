/**
 * Every kind of workload by its name, and a limit through its owner: the kernel's files, and the owner's own view, agree,
 * and still after a daemon-reload.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOUNT, tscg, tscgJson } from '../../boxes.ts';
import {
  asAlice,
  startDocker,
  startDockerDaemon,
  startLxc,
  startNspawn,
  startPodman,
  startService,
  startUserService,
} from './workloads.mjs';

interface Running {
  readonly name: string;
  readonly cgroup: string;
  readonly id?: string;
}

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' }).trim();

/** Limits of a cgroup, or of the parent where the runtime put them there (crun's `container`). */
function limitsOf(cgroup: string): string[][] {
  const read = (path: string, file: string): string => {
    try {
      return readFileSync(join(MOUNT, path, file), 'utf8').trim();
    } catch {
      return '';
    }
  };
  return [cgroup, join(cgroup, '..')].map((path) =>
    ['cpu.max', 'memory.max', 'pids.max'].map((file) => read(path, file)),
  );
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
    start: () => startService('quota', { properties: { CPUQuota: '50%' } }),
    kind: 'unit',
    owner: 'systemd',
    view: () => systemctl('quota.service'),
    viewed: SYSTEMD_VIEW,
  },
  {
    what: 'docker, systemd driver',
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
    start: () => startNspawn('nsp'),
    kind: 'machine',
    owner: 'nspawn',
    view: () => systemctl('machine-nsp.scope'),
    viewed: SYSTEMD_VIEW,
  },
  { what: 'LXC', start: () => startLxc('lxc1'), kind: 'machine', owner: 'lxc' },
  {
    what: 'a user service',
    start: () => startUserService('us'),
    kind: 'unit',
    owner: 'systemd',
    view: async () => (await asAlice('systemctl', '--user', 'show', 'us.service', ...SHOW)).split('\n').sort(),
    viewed: SYSTEMD_VIEW,
  },
  {
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
  },
];

// Podman's API answers on demand, as on a machine where it is used.
run('systemctl', 'start', 'podman.socket');

for (const { what, start, kind, owner, image, view, viewed } of CASES) {
  test(`${what}: named, limited through its owner, kept over a daemon-reload, undone`, async () => {
    const running = await start();
    const shown = tscgJson('get', running.name, '--delay', '0.2');
    assert.is(shown.kind, kind, JSON.stringify(shown));
    assert.is(shown.owner, owner, JSON.stringify(shown));
    if (image) assert.match(String(shown.image), image);

    const before = limitsOf(running.cgroup);
    const { status, stdout, stderr } = tscg('set', running.name, '--cpu', '30%', '--memory', '48M', '--pids', '40');
    assert.is(status, 0, `${stdout}${stderr}`);
    assert.ok(isLimited(running.cgroup), `${stdout}${JSON.stringify(limitsOf(running.cgroup))}`);
    if (view) assert.equal(await view(running), viewed);
    if (owner === 'podman') assert.match(stdout, /podman before 5\.1 does not keep an update/);

    run('systemctl', 'daemon-reload');
    assert.ok(isLimited(running.cgroup), `after daemon-reload: ${JSON.stringify(limitsOf(running.cgroup))} ${stdout}`);

    const undone = tscg('undo');
    assert.is(undone.status, 0, undone.stderr);
    // A file comes with a unit's first limit of its controller, and may stay or go with the last: no file is no limit.
    const orUnset = (texts: readonly string[][]): string[] =>
      texts.flat().map((text, index) => text || (UNSET[index % 3] ?? ''));
    assert.equal(orUnset(limitsOf(running.cgroup)), orUnset(before));
  });
}

test('monitors are not containers', () => {
  const rows: unknown = JSON.parse(tscg('ls', '--json', '--delay', '0.2').stdout);
  assert.ok(Array.isArray(rows));
  assert.equal(
    rows.filter(({ kind, path }) => kind === 'container' && /conmon|monitor/.test(String(path))),
    [],
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
