// How each piece of the guest is made. Run by cache.mjs, under its lock: node pieces.mjs NAME…

import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { install, kernelPackage, sources, unpack } from './apt.mjs';
import { build, folderOf, say, tool } from './cache.mjs';
import { cpio } from './cpio.mjs';

/** @typedef {import('./cache.mjs').Piece} Piece */

const here = dirname(fileURLToPath(import.meta.url));
/** @param {string} name */
const text = (name) => readFileSync(join(here, name), 'utf8');

/** The major version, or 0 where it does not run. @param {string} binary @param {NodeJS.ProcessEnv} [env] */
function qemuVersion(binary, env) {
  try {
    return Number(/version (\d+)/.exec(tool(binary, ['--version'], { env }))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/**
 * QEMU 8 or newer: 7.2 crashed the guest's kernel in 2 of 24 boots. Debian 12 has it in its backports, which are
 * unpacked beside the machine's own 7.2, whose shared libraries they use.
 * @type {Piece}
 */
const qemu = {
  name: 'qemu',
  inputs: [],
  build(folder) {
    let found = { binary: 'qemu-system-x86_64', args: /** @type {string[]} */ ([]), env: {} };
    if (qemuVersion(found.binary) < 8) install('qemu-system-x86');
    if (qemuVersion(found.binary) < 8) {
      unpack(folder, 'bookworm-backports', ...['qemu-system-x86', 'qemu-system-common', 'qemu-system-data', 'seabios']);
      const at = folderOf(qemu); // where this folder will be
      const newer = {
        binary: join(at, 'usr/bin/qemu-system-x86_64'),
        args: ['qemu', 'seabios'].flatMap((share) => ['-L', join(at, 'usr/share', share)]),
        env: { QEMU_MODULE_DIR: join(at, 'usr/lib/x86_64-linux-gnu/qemu') },
      };
      if (qemuVersion(join(folder, 'usr/bin/qemu-system-x86_64')) >= 8) found = newer;
      else say('only an old QEMU runs on this machine: now and then the guest may crash');
    }
    writeFileSync(join(folder, 'qemu.json'), JSON.stringify(found));
  },
};

/**
 * A kernel that is a program of this machine: for speeds, as it emulates nothing. Debian 12's does not start on a CPU with
 * AMX, whose registers are larger than the room it has for them. A newer one does, and needs the C library of its release.
 * @type {Piece}
 */
const uml = {
  name: 'uml',
  inputs: [],
  build(folder) {
    install('patchelf');
    unpack(folder, 'forky', 'user-mode-linux', 'libc6');
    renameSync(join(folder, 'usr/bin/linux.uml'), join(folder, 'linux'));
    renameSync(join(folder, 'usr/lib/x86_64-linux-gnu'), join(folder, 'lib'));
    const library = join(folderOf(uml), 'lib'); // where it will be
    const loader = join(library, 'ld-linux-x86-64.so.2');
    tool('patchelf', ['--set-interpreter', loader, '--set-rpath', library, 'linux'], { cwd: folder });
    const [release = ''] = readdirSync(join(folder, 'usr/lib/uml/modules'));
    renameSync(join(folder, 'usr/lib/uml/modules', release), join(folder, 'modules'));
    tool('rm', ['-r', 'usr'], { cwd: folder });
  },
};

/** @param {string} version @param {string} suite @returns {Piece} */
const kernel = (version, suite) => ({
  name: `kernel-${version}`,
  inputs: [suite],
  build(folder) {
    install('kmod', 'xz-utils');
    unpack(folder, suite, kernelPackage(suite));
    const release = readdirSync(join(folder, 'lib/modules'))[0] ?? '';
    tool('depmod', ['-b', folder, release]);
    renameSync(join(folder, `boot/vmlinuz-${release}`), join(folder, 'vmlinuz'));
    writeFileSync(join(folder, 'release'), release);
  },
});

/** @typedef {'6.12' | '6.1'} KernelVersion */
const kernels = { 6.12: kernel('6.12', 'bookworm-backports'), 6.1: kernel('6.1', 'bookworm') };

/** @param {KernelVersion} version @returns {Piece} */
const initramfs = (version) => ({
  name: `initramfs-${version}`,
  inputs: [folderOf(kernels[version]), text('initramfs-init.sh'), text('cpio.mjs')],
  build(folder) {
    unpack(folder, 'bookworm', 'busybox-static');
    const busybox = readFileSync(join(folder, 'bin/busybox'));
    tool('rm', ['-r', 'bin', 'usr'], { cwd: folder });

    const from = folderOf(kernels[version]);
    const modules = join(from, 'lib/modules', readFileSync(join(from, 'release'), 'utf8'));
    const order = loadOrder(modules, [
      'virtio_pci',
      'virtio_console',
      'virtio_blk',
      '9pnet_virtio',
      '9p',
      'overlay',
      'crc32c_generic',
      'ext4',
    ]);
    const names = order.map((path) => basename(path).replace(/\.xz$/, ''));
    const files = order.map((path, index) => ({
      path: `modules/${names[index]}`,
      mode: 0o100644,
      data: path.endsWith('.xz')
        ? Buffer.from(tool('xz', ['-dc', join(modules, path)], { encoding: 'latin1' }), 'latin1')
        : readFileSync(join(modules, path)),
    }));
    const folders = ['bin', 'dev', 'proc', 'host', 'over', 'new', 'modules'];
    const archive = cpio([
      ...folders.map((path) => ({ path, mode: 0o040755 })),
      { path: 'dev/console', mode: 0o020600, device: /** @type {[number, number]} */ ([5, 1]) },
      { path: 'bin/busybox', mode: 0o100755, data: busybox },
      { path: 'init', mode: 0o100755, data: Buffer.from(text('initramfs-init.sh')) },
      { path: 'modules/order', mode: 0o100644, data: Buffer.from(`${names.join('\n')}\n`) },
      ...files,
    ]);
    writeFileSync(join(folder, 'initramfs'), gzipSync(archive, { level: 1 }));
  },
});

/** These modules' files with what they depend on, each after its own. @param {string} modules @param {string[]} wanted */
function loadOrder(modules, wanted) {
  /** @type {Map<string, string[]>} */
  const needs = new Map();
  for (const line of readFileSync(join(modules, 'modules.dep'), 'utf8').split('\n')) {
    const [file = '', ...rest] = line.split(/:? /);
    needs.set(file.replace(/:$/, ''), rest);
  }
  /** @type {Set<string>} */
  const order = new Set();
  /** @param {string} file */
  const add = (file) => {
    if (order.has(file)) return;
    for (const needed of needs.get(file) ?? []) add(needed);
    order.add(file);
  };
  for (const name of wanted) {
    const file = [...needs.keys()].find((path) => basename(path).startsWith(`${name}.ko`));
    if (file) add(file); // otherwise it is built in
  }
  return [...order];
}

/** The scratch disk for io limits, and one for swap; every run writes to a throw-away copy. @type {Piece} */
const disks = {
  name: 'disks',
  inputs: [],
  build(folder) {
    install('e2fsprogs', 'util-linux');
    for (const name of ['scratch', 'swap']) tool('truncate', ['-s', '512M', join(folder, name)]);
    tool('mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-E', 'lazy_itable_init=0', join(folder, 'scratch')]);
    tool('mkswap', [join(folder, 'swap')]);
  },
};

/**
 * Debian with systemd and the runtimes. Node and its addons come from this machine, so the C library inside must not
 * be older than this machine's: bookworm on bookworm (its runtimes are the ones measured), trixie elsewhere.
 */
const ON_BOOKWORM = /^VERSION_CODENAME=bookworm$/m.test(readFileSync('/etc/os-release', 'utf8'));
const SUITE = process.env.TSCG_GUEST_SUITE ?? (ON_BOOKWORM ? 'bookworm' : 'trixie');
const PACKAGES = [
  ...['systemd', 'systemd-sysv', 'systemd-container', 'dbus', 'dbus-user-session', 'libpam-systemd', 'kmod', 'procps'],
  ...[
    'podman',
    'crun',
    'runc',
    'docker.io',
    'containerd',
    'lxc',
    'uidmap',
    'slirp4netns',
    'containernetworking-plugins',
  ],
  ...['netavark', 'iproute2', 'iptables', 'nftables', 'busybox-static', 'stress-ng', 'util-linux', 'ca-certificates'],
  ...(SUITE === 'bookworm' ? [] : ['docker-cli']), // a package of its own since trixie
];

/** @type {Piece} */
const rootfs = {
  name: 'rootfs',
  inputs: [SUITE, ...PACKAGES, text('rootfs-customize.sh')],
  build(folder) {
    install('mmdebstrap', 'e2fsprogs', 'debian-archive-keyring');
    const tree = join(folder, 'tree');
    tool('mmdebstrap', [
      ...['--variant=minbase', `--include=${PACKAGES.join(',')}`, '--aptopt=Acquire::Check-Valid-Until "false"'],
      ...['--dpkgopt=force-unsafe-io', `--customize-hook=${join(here, 'rootfs-customize.sh')}`],
      ...[SUITE, tree, ...sources(SUITE)],
    ]);
    const image = join(folder, 'image');
    tool('truncate', ['-s', '4G', image]);
    tool('mkfs.ext4', ['-q', '-F', '-O', '^has_journal', '-E', 'lazy_itable_init=0', '-d', tree, image]);
    tool('rm', ['-rf', tree]);
  },
};

export const pieces = {
  rootfs,
  uml,
  qemu,
  disks,
  kernels,
  initramfses: { 6.12: initramfs('6.12'), 6.1: initramfs('6.1') },
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const all = [qemu, uml, disks, rootfs, ...Object.values(kernels), ...Object.values(pieces.initramfses)];
  try {
    build(process.argv.slice(2).map((name) => /** @type {Piece} */ (all.find((piece) => piece.name === name))));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
