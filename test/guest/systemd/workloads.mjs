// Starts every kind of workload in the systemd guest, offline. The end-to-end tests call these; run by itself
// (node test/guest/run.mjs --systemd -- node test/guest/systemd/workloads.mjs) it starts one of each and prints where it is.

import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cri } from './cri.mjs';

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {number} pid of its main process, as the guest sees it
 * @property {string} cgroup the path of that process' cgroup, from the mount: `/system.slice/docker-….scope`
 * @property {string} [id] the runtime's
 * @property {string} [podId] the sandbox', of a CRI container
 */
/** @typedef {{ memory?: string, cpus?: number, flags?: string[], command?: string[] }} Settings limits as the runtime takes them */

const IMAGES = '/var/lib/guest/images.tar';
const TREE = '/var/lib/guest/busybox'; // the same image as a folder
const IMAGE = 'docker.io/library/busybox:latest';
const SLEEP = ['sleep', '100000'];
/** That form's kernel has no tables to translate addresses with. */
const IS_NATIVE = process.env.TSCG_GUEST === 'native';
const UNTRANSLATED = {
  cniVersion: '0.4.0',
  name: 'untranslated',
  plugins: [
    {
      type: 'bridge',
      isGateway: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/16' }]] },
    },
  ],
};
const run = promisify(execFile);

/** Runs a program and returns what it wrote, trimmed. @param {string} program @param {string[]} args */
async function output(program, ...args) {
  return (await run(program, args, { maxBuffer: 1 << 26 })).stdout.trim();
}

/** @param {string} name @param {number} pid @param {Partial<Workload>} [more] @returns {Workload} */
function workload(name, pid, more) {
  const cgroup = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[1] ?? '';
  return { name, pid, cgroup, ...more };
}

/**
 * Asks again until there is an answer: what was asked for may come a moment later.
 * @template T @param {string} what @param {() => T | undefined | Promise<T | undefined>} ask @returns {Promise<T>}
 */
async function until(what, ask) {
  for (let tries = 0; tries < 300; tries++) {
    const answer = await ask();
    if (answer) return answer;
    await sleep(100);
  }
  throw new Error(`waited 30 s in vain for ${what}`);
}

/** @param {Settings} settings */
const limits = ({ memory, cpus, flags = [] }) => [
  ...(memory ? [`--memory=${memory}`] : []),
  ...(cpus ? [`--cpus=${cpus}`] : []),
  ...flags,
];

/** @param {string} program @param {string[]} args */
const succeeds = (program, ...args) =>
  output(program, ...args).then(
    () => true,
    () => false,
  );

/**
 * A podman container; with `pod` in a new pod of that name (with an infra container of its own).
 * @param {string} name @param {Settings & { runtime?: 'crun' | 'runc', manager?: 'systemd' | 'cgroupfs', pod?: string, network?: string }} [settings]
 */
export async function startPodman(name, settings = {}) {
  const { runtime = 'crun', manager = 'systemd', pod, network = 'none', command = SLEEP } = settings;
  if (!(await succeeds('podman', 'image', 'exists', IMAGE))) await output('podman', 'load', '-q', '-i', IMAGES);
  const podman = ['--runtime', runtime, '--cgroup-manager', manager];
  if (pod && !(await succeeds('podman', 'pod', 'exists', pod))) {
    const infra = ['--infra-image', 'localhost/pause:latest', '--infra-command', 'sleep 100000'];
    await output('podman', ...podman, 'pod', 'create', '--network', network, '--name', pod, ...infra);
  }
  const place = pod ? ['--pod', pod] : ['--network', network];
  const id = await output(
    'podman',
    ...podman,
    'run',
    '-d',
    '--name',
    name,
    ...place,
    ...limits(settings),
    IMAGE,
    ...command,
  );
  return workload(name, Number(await output('podman', 'inspect', '-f', '{{.State.Pid}}', id)), { id });
}

/**
 * A podman container of the user alice, in her own systemd.
 * @param {string} name @param {Settings} [settings]
 */
export async function startRootlessPodman(name, settings = {}) {
  await startUserManager();
  await asAlice('podman', 'load', '-q', '-i', IMAGES);
  const id = await asAlice(
    ...['podman', 'run', '-d', '--name', name, '--network', 'none', ...limits(settings), IMAGE],
    ...(settings.command ?? SLEEP),
  );
  return workload(name, Number(await asAlice('podman', 'inspect', '-f', '{{.State.Pid}}', id)), { id });
}

/** docker.service with a cgroup driver. Containers of the other driver are removed. @param {'systemd' | 'cgroupfs'} driver */
export async function startDockerDaemon(driver) {
  const network = IS_NATIVE ? { iptables: false, ip6tables: false } : {};
  const settings = JSON.stringify({ 'exec-opts': [`native.cgroupdriver=${driver}`], ...network });
  const file = '/etc/docker/daemon.json';
  const running = await succeeds('systemctl', 'is-active', 'docker');
  if (running && existsSync(file) && readFileSync(file, 'utf8') === settings) return;
  if (running) {
    const ids = (await output('docker', 'ps', '-aq')).split('\n').filter(Boolean);
    if (ids.length > 0) await output('docker', 'rm', '-f', ...ids);
  }
  mkdirSync('/etc/docker', { recursive: true });
  writeFileSync(file, settings);
  await output('systemctl', 'restart', 'docker');
  await output('docker', 'load', '-q', '-i', IMAGES);
}

/** @param {string} name @param {Settings & { driver?: 'systemd' | 'cgroupfs', network?: string }} [settings] driver: of the daemon that runs, or systemd */
export async function startDocker(name, settings = {}) {
  if (settings.driver || !(await succeeds('systemctl', 'is-active', 'docker'))) {
    await startDockerDaemon(settings.driver ?? 'systemd');
  }
  const network = `--network=${settings.network ?? 'bridge'}`;
  const command = settings.command ?? SLEEP;
  const id = await output('docker', 'run', '-d', '--name', name, network, ...limits(settings), IMAGE, ...command);
  return workload(name, Number(await output('docker', 'inspect', '-f', '{{.State.Pid}}', id)), { id });
}

async function startContainerd() {
  if (IS_NATIVE) writeFileSync('/etc/cni/net.d/00-untranslated.conflist', JSON.stringify(UNTRANSLATED));
  await output('systemctl', 'start', 'containerd');
  const images = await output('ctr', '-n', 'k8s.io', 'images', 'ls', '-q');
  if (!images.includes(IMAGE)) await output('ctr', '-n', 'k8s.io', 'images', 'import', IMAGES);
}

/** The main process of a containerd container. @param {string} id */
async function taskPid(id) {
  const rows = (await output('ctr', '-n', 'k8s.io', 'tasks', 'ls')).split('\n').map((line) => line.split(/\s+/));
  return Number(rows.find(([task]) => task === id)?.[1]);
}

/** A plain containerd container, as `ctr` makes it. @param {string} name @param {Settings} [settings] */
export async function startContainerdTask(name, { flags = [], command = SLEEP } = {}) {
  await startContainerd();
  await output('ctr', '-n', 'k8s.io', 'run', '-d', ...flags, IMAGE, name, ...command);
  return workload(name, await taskPid(name), { id: name });
}

/**
 * A container in a pod sandbox as the kubelet makes them, over the CRI: its cgroup below kubepods, with the kubelet's labels.
 * `pid`: whose PID namespace it has. `config`: fields of the CRI's ContainerConfig in place of what is made of the others.
 * @typedef {{ driver?: 'systemd' | 'cgroupfs', namespace?: string, pod?: string, pid?: 'pod' | 'node' }} PodSettings
 * @typedef {{ memoryBytes?: number, image?: string, args?: string[], config?: import('./cri.mjs').Fields }} ContainerSettings
 * @param {string} name @param {Settings & PodSettings & ContainerSettings} [settings]
 */
export async function startPod(name, settings = {}) {
  const { driver = 'systemd', namespace = 'default', pod = `${name}-pod`, pid = 'pod' } = settings;
  const { image = IMAGE, args = [], config = {}, command = image === IMAGE ? SLEEP : [] } = settings;
  await startContainerd();
  const uid = crypto.randomUUID();
  const parent =
    driver === 'systemd' ? `kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice` : `/kubepods/burstable/pod${uid}`;
  const logs = `/var/log/pods/${namespace}_${pod}_${uid}`;
  mkdirSync(`${logs}/${name}`, { recursive: true });
  const labels = [
    ['io.kubernetes.pod.name', pod],
    ['io.kubernetes.pod.namespace', namespace],
    ['io.kubernetes.pod.uid', uid],
  ];
  const sandbox = {
    1: { 1: pod, 2: uid, 3: namespace },
    2: pod,
    3: logs,
    6: new Map(/** @type {[string, string][]} */ (labels)),
    8: { 1: parent, 2: { 1: { 2: pid === 'node' ? 2 : 1 } } },
  };
  const podId = await cri('RunPodSandbox', { 1: sandbox, 2: driver === 'systemd' ? 'runc-systemd' : 'runc' });
  const quota = settings.cpus ? { 1: 100000, 2: Math.round(settings.cpus * 100000) } : {};
  const container = {
    1: { 1: name },
    2: { 1: image },
    3: command,
    4: args,
    9: new Map(/** @type {[string, string][]} */ ([...labels, ['io.kubernetes.container.name', name]])),
    11: `${name}/0.log`,
    15: { 1: { ...quota, 4: settings.memoryBytes } },
    ...config,
  };
  const id = await cri('CreateContainer', { 1: podId, 2: container, 3: sandbox });
  await cri('StartContainer', { 1: id });
  return workload(name, await taskPid(id), { id, podId });
}

/**
 * A systemd service (or, with `slice`, one below that slice).
 * @param {string} name @param {{ properties?: Record<string, string>, slice?: string, command?: string[] }} [settings]
 */
export async function startService(name, { properties = {}, slice, command = SLEEP } = {}) {
  const flags = Object.entries(properties).map(([property, value]) => `--property=${property}=${value}`);
  await output('systemd-run', '-q', `--unit=${name}`, ...(slice ? [`--slice=${slice}`] : []), ...flags, ...command);
  return workload(`${name}.service`, Number(await output('systemctl', 'show', '-P', 'MainPID', name)));
}

/** A systemd scope around a process of ours. @param {string} name @param {{ slice?: string, command?: string[] }} [settings] */
export async function startScope(name, { slice, command = SLEEP } = {}) {
  const place = slice ? [`--slice=${slice}`] : [];
  const args = ['-q', '--scope', `--unit=${name}`, ...place, ...command];
  const child = spawn('systemd-run', args, { stdio: 'ignore', detached: true }); // becomes the command itself
  child.unref();
  const pid = /** @type {number} */ (child.pid);
  await until(`${name}.scope`, () => readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(`${name}.scope`));
  return workload(`${name}.scope`, pid);
}

/** alice's own systemd. @returns {Promise<void>} */
export async function startUserManager() {
  await output('systemctl', 'start', 'user@1000.service');
}

/** Runs a program as alice, in her session. @param {string[]} command */
export function asAlice(...command) {
  const environment = ['XDG_RUNTIME_DIR=/run/user/1000', 'DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus'];
  return output(
    'runuser',
    '-u',
    'alice',
    '--',
    'env',
    '-C',
    '/home/alice',
    'HOME=/home/alice',
    ...environment,
    ...command,
  );
}

/** A service of alice's systemd. @param {string} name */
export async function startUserService(name) {
  await startUserManager();
  await asAlice('systemd-run', '-q', '--user', `--unit=${name}`, ...SLEEP);
  return workload(`${name}.service`, Number(await asAlice('systemctl', '--user', 'show', '-P', 'MainPID', name)));
}

/** A copy of the image as a root file system. @param {string} folder */
async function rootAt(folder) {
  mkdirSync(folder, { recursive: true });
  await output('cp', '-a', `${TREE}/.`, folder);
}

/** An nspawn machine; as a service of ours, or as `machinectl start` does. @param {string} name @param {{ machinectl?: boolean, command?: string[] }} [settings] */
export async function startNspawn(name, { machinectl = false, command = SLEEP } = {}) {
  const root = `/var/lib/machines/${name}`;
  await rootAt(root);
  if (machinectl) {
    mkdirSync('/etc/systemd/nspawn', { recursive: true });
    writeFileSync(
      `/etc/systemd/nspawn/${name}.nspawn`,
      `[Exec]\nBoot=no\nParameters=${command.join(' ')}\n[Network]\nVirtualEthernet=no\n`,
    );
    await output('machinectl', 'start', name);
  } else {
    await output(
      'systemd-run',
      '-q',
      `--unit=nspawn-${name}`,
      'systemd-nspawn',
      '-q',
      '-D',
      root,
      '-M',
      name,
      ...command,
    );
  }
  const pid = await until(`the machine ${name}`, async () => {
    const leader = await output('machinectl', 'show', name, '-p', 'Leader', '--value').catch(() => '');
    const settled = leader && readFileSync(`/proc/${leader}/cgroup`, 'utf8').includes('/payload');
    return settled ? Number(leader) : undefined; // for a moment it is in the scope itself
  });
  return workload(name, pid);
}

/** @param {string} name @param {{ limits?: Record<string, string>, command?: string[] }} [settings] limits: cgroup file to value */
export async function startLxc(name, { limits: files = {}, command = SLEEP } = {}) {
  const folder = `/var/lib/lxc/${name}`;
  await rootAt(`${folder}/rootfs`);
  const lines = [
    `lxc.uts.name = ${name}`,
    `lxc.rootfs.path = dir:${folder}/rootfs`,
    'lxc.net.0.type = empty',
    'lxc.apparmor.profile = unconfined',
    ...Object.entries(files).map(([file, value]) => `lxc.cgroup2.${file} = ${value}`),
  ];
  writeFileSync(`${folder}/config`, `${lines.join('\n')}\n`);
  await output('lxc-start', '-n', name, '--', ...command);
  const pid = await until(`the LXC container ${name}`, async () =>
    Number(await output('lxc-info', '-n', name, '-pH').catch(() => '')),
  );
  return workload(name, pid);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  /** @type {Record<string, () => Promise<Workload>>} */
  const all = {
    'service, CPUQuota=50%': () => startService('quota', { properties: { CPUQuota: '50%', MemoryMax: '64M' } }),
    'scope in my-sub.slice': () => startScope('sc', { slice: 'my-sub.slice' }),
    'user service': () => startUserService('us'),
    'podman crun systemd': () => startPodman('p1', { memory: '64m', cpus: 0.5 }),
    'podman crun cgroupfs': () => startPodman('p2', { manager: 'cgroupfs' }),
    'podman runc systemd': () => startPodman('p3', { runtime: 'runc' }),
    'podman runc cgroupfs': () => startPodman('p4', { runtime: 'runc', manager: 'cgroupfs' }),
    'podman pod': () => startPodman('p5', { pod: 'mypod', network: 'bridge' }),
    'podman rootless': () => startRootlessPodman('p6', { memory: '64m' }),
    'docker systemd': () => startDocker('d1', { memory: '64m', cpus: 0.5 }),
    'docker cgroupfs': () => startDocker('d2', { driver: 'cgroupfs' }),
    'containerd ctr': () => startContainerdTask('c1'),
    'CRI pod systemd': () => startPod('app1', { cpus: 0.5, memoryBytes: 64 << 20 }),
    'CRI pod cgroupfs': () => startPod('app2', { driver: 'cgroupfs' }),
    nspawn: () => startNspawn('m1'),
    'machinectl start': () => startNspawn('m2', { machinectl: true }),
    LXC: () => startLxc('l1', { limits: { 'memory.max': '64M' } }),
  };
  const wanted = process.argv[2] ?? '';
  for (const [kind, start] of Object.entries(all)) {
    if (!kind.includes(wanted)) continue;
    const began = Date.now();
    try {
      const { cgroup, id } = await start();
      console.log(
        `${((Date.now() - began) / 1000).toFixed(1)} s  ${kind}: ${cgroup}${id && !cgroup.includes(id) ? `  (${id})` : ''}`,
      );
    } catch (error) {
      console.log(`FAILED ${kind}: ${error instanceof Error ? error.message : error}`);
      process.exitCode = 1;
    }
  }
}
