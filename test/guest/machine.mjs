// Starts QEMU, carries the command's output out, and ends the machine.

import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensure, GuestError, say } from './cache.mjs';
import { pieces } from './pieces.mjs';

/**
 * @typedef {object} Options
 * @property {boolean} systemd
 * @property {'6.12' | '6.1'} kernel
 * @property {number} timeout in seconds, from the start of the machine
 * @property {string} memory
 * @property {string[]} rw folders of this machine that are writable inside
 * @property {string[]} command
 */

/** Emulated, fewer features run faster than `max`: copies by the byte (ERMS), AVX and five page levels cost a fifth of the time. */
const CPU = 'qemu64,+rdrand,+fsgsbase,+ssse3,+sse4.1,+sse4.2,+popcnt,+pdpe1gb';

/** The plain form has what some limits are about: two memory nodes, and a page of 1 GB, free from the start or never. */
const LIMITED_HARDWARE = ['numa=fake=2', 'numa_balancing=disable', 'hugepagesz=1G', 'hugepages=1'];

const here = dirname(fileURLToPath(import.meta.url));
/** Of it 1 GB is the page of LIMITED_HARDWARE, found above the fourth. */
export const MEMORY = '5G';
/** Of every guest that does not say otherwise. */
export const KERNEL = /** @type {const} */ ('6.12');
export const TIMED_OUT = 124;
export const VM_FAILED = 125;

/** @param {string} word */
export const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;

/** What the machine is made of, built first where it is missing. @param {Pick<Options, 'systemd' | 'kernel'>} options */
export const prepare = ({ systemd, kernel }) =>
  ensure([
    pieces.qemu,
    pieces.disks,
    pieces.kernels[kernel],
    pieces.initramfses[kernel],
    ...(systemd ? [pieces.rootfs] : []),
  ]);

/**
 * Runs the command inside and resolves to its exit code, or 124 (time-out), 125 (the machine failed).
 * @param {Options} options @param {NodeJS.WritableStream} out @param {NodeJS.WritableStream} err
 * @returns {Promise<number>}
 */
export async function runInGuest(options, out, err) {
  if (options.systemd) requireOwnNode();
  const [qemuFolder = '', disks = '', kernel = '', initramfs = '', rootfs = ''] = prepare(options);
  const missing = options.rw.find((folder) => !existsSync(folder));
  if (missing) throw new GuestError(`--rw ${missing}: no such folder; make it first`);
  const run = mkdtempSync(join(tmpdir(), 'tscg-guest-'));
  const cleanUp = () => rmSync(run, { recursive: true, force: true });
  process.once('exit', cleanUp); // also where an exception ends this process
  try {
    const end = randomBytes(16).toString('hex');
    writeFileSync(join(run, 'end'), `\0${end}`);
    writeFileSync(join(run, 'settings'), settings(options, kernel));
    writeFileSync(join(run, 'user.sh'), script(options));
    for (const file of ['command.sh', 'plain-init.sh']) cpSync(join(here, file), join(run, file));

    const qemu = readyQemu(qemuFolder);
    const ports = await Promise.all(['out', 'err', 'rc'].map((name) => listen(join(run, `${name}.sock`))));
    const args = [...qemu.args, ...machineArguments(options, run, { disks, kernel, initramfs, rootfs })];
    // setpriv: should this process be killed, the machine goes with it.
    const vm = spawn('setpriv', ['--pdeathsig', 'KILL', qemu.binary, ...args], {
      env: { ...process.env, ...qemu.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let complaints = '';
    vm.once('error', (error) => {
      complaints += error.message;
    });
    for (const stream of [vm.stdout, vm.stderr])
      stream.on('data', (data) => {
        complaints += data;
      });

    /** @type {Promise<number>} */
    const finished = Promise.all([carry(ports[0], end, out), carry(ports[1], end, err), firstLine(ports[2])]).then(
      ([, , code]) => Number(code),
    );
    const died = new Promise((settle) => {
      vm.once('close', settle);
      vm.once('error', settle); // no setpriv(1)
    }).then(() => 'died');
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, options.timeout * 1000, 'late');
    });
    const interrupted = new Promise((resolve) => {
      for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.once(signal, resolve);
      for (const stream of [out, err]) stream.once('error', resolve); // nobody reads our output any more
    });

    const result = await Promise.race([finished, died, late, interrupted]);
    clearTimeout(timer);
    vm.kill('SIGKILL'); // its disks are throw-away copies, so there is nothing to shut down
    await died;
    for (const { server, socket } of ports) {
      server.close();
      socket.then((connected) => connected.destroy());
    }

    if (typeof result === 'number') return result;
    if (result !== 'late' && result !== 'died') return 130;
    const why =
      result === 'late' ? `timed out after ${options.timeout} s (--timeout)` : 'the machine stopped by itself';
    say(`${why}; the end of its console:\n${consoleTail(run)}${complaints}`);
    return result === 'late' ? TIMED_OUT : VM_FAILED;
  } finally {
    process.off('exit', cleanUp);
    cleanUp();
  }
}

/** How to start QEMU; should its packages have gone from this machine, they are put back. @param {string} folder */
function readyQemu(folder) {
  const read = () => JSON.parse(readFileSync(join(folder, 'qemu.json'), 'utf8'));
  const { binary, env } = read();
  if (spawnSync(binary, ['--version'], { env: { ...process.env, ...env } }).status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    ensure([pieces.qemu]);
  }
  return read();
}

/** Read by the shell scripts inside. @param {Options} options @param {string} kernel */
function settings(options, kernel) {
  const folders = [resolve(here, '../..'), process.cwd()];
  const values = {
    KERNEL: kernel,
    RW: options.rw.join(' '),
    // With systemd the root is not this machine's, so these are shown at the place they have here.
    HOST: options.systemd ? '/host' : '',
    SHOW: options.systemd ? [...new Set(folders)].join(' ') : '',
    NODE: process.execPath,
  };
  return assignments(values);
}

/** For a shell to read. @param {Record<string, string>} values */
export const assignments = (values) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join('');

/** The systemd guest runs this machine's node over its own libraries. */
function requireOwnNode() {
  const { stdout } = spawnSync('ldd', [process.execPath], { encoding: 'utf8' });
  if (/libnode/.test(stdout)) {
    throw new GuestError(
      `${process.execPath} needs libraries of this distribution (libnode), which the systemd guest does not have; use a node from nodejs.org or NodeSource`,
    );
  }
}

/** The command, in this folder and with what a test may look at of this environment. @param {Options} options */
function script({ command, systemd }) {
  const passed = Object.entries(process.env).filter(([name]) =>
    /^(PATH|HOME|LANG|TERM|CI|NO_COLOR|FORCE_COLOR|TSCG_\w+)$/.test(name),
  );
  const environment = Object.entries({
    ...Object.fromEntries(passed),
    TSCG_GUEST: systemd ? 'systemd' : 'plain',
    TSCG_GUEST_SCRATCH: '/scratch',
    TSCG_GUEST_DISK: '/dev/vda',
    TSCG_GUEST_SWAP: '/dev/vdb',
  });
  return [
    ...environment.map(([name, value]) => `export ${name}=${quoted(value ?? '')}`),
    `cd ${quoted(process.cwd())} || exit 125`,
    `exec ${command.map(quoted).join(' ')}`,
    '',
  ].join('\n');
}

/** @param {Options} options @param {string} run @param {{ disks: string, kernel: string, initramfs: string, rootfs: string }} from */
function machineArguments(options, run, from) {
  const share = 'local,security_model=none,multidevs=remap';
  const drives = [join(from.disks, 'scratch'), join(from.disks, 'swap')];
  if (options.systemd) drives.push(join(from.rootfs, 'image'));
  const form = options.systemd ? 'systemd' : 'plain';
  return [
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...['-machine', 'pc,vmport=off,usb=off,hpet=off,graphics=off', '-cpu', CPU, '-smp', '2', '-m', options.memory],
    ...['-accel', 'tcg,thread=multi'],
    ...['-kernel', join(from.kernel, 'vmlinuz'), '-initrd', join(from.initramfs, 'initramfs')],
    ...['-chardev', `file,id=console,path=${run}/console`, '-serial', 'chardev:console'],
    ...['-device', 'virtio-serial-pci'],
    ...['out', 'err', 'rc'].flatMap((name) => [
      ...['-chardev', `socket,id=${name},path=${run}/${name}.sock`],
      ...['-device', `virtserialport,chardev=${name},name=${name}`],
    ]),
    ...['-virtfs', `${share},path=/,mount_tag=hostroot,readonly=on`],
    ...options.rw.flatMap((folder, index) => ['-virtfs', `${share},path=${folder},mount_tag=rw${index}`]),
    ...drives.flatMap((file, index) => [
      ...['-drive', `file=${file},if=none,format=raw,id=disk${index},cache=unsafe,snapshot=on`],
      ...['-device', `virtio-blk-pci,drive=disk${index}`],
    ]),
    '-append',
    [
      ...['console=ttyS0', 'loglevel=5', 'panic=-1', 'mitigations=off', 'nokaslr', 'audit=0', 'apparmor=0'],
      ...['tsc=reliable', 'no_timer_check', '8250.nr_uarts=1', 'psi=1', 'edd=off'],
      ...(options.systemd ? [] : LIMITED_HARDWARE),
      ...[`tscg.run=${run}`, `tscg.form=${form}`],
    ].join(' '),
  ];
}

/** @param {string} path */
async function listen(path) {
  const server = createServer();
  /** @type {Promise<import('node:net').Socket>} */
  const socket = new Promise((resolve) => server.once('connection', resolve));
  await new Promise((resolve) => server.listen(path, () => resolve(undefined)));
  return { server, socket };
}

/** @typedef {Awaited<ReturnType<typeof listen>>} Port */

/**
 * Copies what the guest writes until the mark that says all is written: the machine can then be ended at once.
 * @param {Port | undefined} port @param {string} end @param {NodeJS.WritableStream} to
 */
async function carry(port, end, to) {
  const mark = Buffer.from(`\0${end}`);
  let held = Buffer.alloc(0);
  for await (const chunk of await connection(port)) {
    held = Buffer.concat([held, chunk]);
    const at = held.indexOf(mark);
    // Hold back what may be the beginning of the mark.
    const maybe = held.indexOf(0, Math.max(0, held.length - mark.length));
    const upTo = [at, maybe, held.length].find((index) => index >= 0);
    if (!to.write(held.subarray(0, upTo))) await once(to, 'drain');
    if (at >= 0) return;
    held = held.subarray(upTo);
  }
  await new Promise(() => {}); // the machine died, which is told by its exit
}

/** @param {Port | undefined} port */
async function firstLine(port) {
  let line = '';
  for await (const chunk of await connection(port)) {
    line += chunk;
    if (line.includes('\n')) return line.trim();
  }
  return new Promise(() => {});
}

/** @param {Port | undefined} port @returns {Promise<AsyncIterable<Buffer>>} */
async function connection(port) {
  const socket = await port?.socket;
  socket?.on('error', () => {});
  return /** @type {import('node:net').Socket} */ (socket);
}

/** @param {string} run */
function consoleTail(run) {
  const path = join(run, 'console');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '(nothing)';
  const shown = text.replace(/\x1b(\[[\d;?]*[a-zA-Z]|[^[])/g, '').replace(/[^\n\t\x20-\x7e]/g, '');
  return `${shown.trim().split('\n').slice(-25).join('\n')}\n`;
}
