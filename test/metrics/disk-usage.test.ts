/** The size of trees that are hard to measure, beside du's. */

import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { growthOf, type Measured, measureTree } from '../../src/metrics/disk-usage/measure.ts';
import { type TreeSize, walkTree } from '../../src/metrics/disk-usage/walk.ts';
import { growthText, sizeText } from '../../src/metrics/disk-usage/words.ts';
import { temporaryFolder } from '../temporary-folder.ts';

// The process that measures runs from its source here.
process.execArgv.push('--import', 'tsx');

const ALL = { mostEntries: 1e6, onStep: () => undefined };

const du = (path: string): number =>
  Number(execFileSync('du', ['-s', '-x', '--block-size=1', path], { encoding: 'utf8' }).split('\t')[0]);

async function withTree(use: (tree: string) => unknown): Promise<void> {
  const tree = temporaryFolder();
  try {
    await use(tree);
  } finally {
    // node's own would need paths, which may be too long here.
    execFileSync('rm', ['-rf', tree]);
  }
}

test('as du: hard links once, holes not, links not followed, names of any bytes', () =>
  withTree((tree) => {
    mkdirSync(join(tree, 'a/b'), { recursive: true });
    writeFileSync(join(tree, 'a/file'), Buffer.alloc(100_000, 1));
    linkSync(join(tree, 'a/file'), join(tree, 'a/b/again'));
    writeFileSync(join(tree, 'sparse'), 'x');
    truncateSync(join(tree, 'sparse'), 2 ** 33);
    symlinkSync('..', join(tree, 'a/b/up'));
    symlinkSync('loop', join(tree, 'loop'));
    symlinkSync('/', join(tree, 'root'));
    mkdirSync(Buffer.concat([Buffer.from(join(tree, 'a/')), Buffer.from([0xff, 0x0a, 0xfe])]));
    writeFileSync(
      Buffer.concat([Buffer.from(join(tree, 'a/')), Buffer.from([0xff, 0x0a, 0xfe]), Buffer.from('/f')]),
      'y',
    );
    const size = walkTree(tree, ALL);
    assert.is(size.bytes, du(tree));
    assert.equal({ ...size, bytes: 0 }, { bytes: 0, files: 7, directories: 4, whiteouts: 0, unread: 0 });
  }));

test('as du for any tree', () =>
  withTree((root) => {
    const [file, link] = [fc.constant('file' as const), fc.constant('link' as const)];
    const step = fc.record({
      at: fc.nat(20),
      make: fc.oneof(file, link, fc.constant('directory' as const)),
      kib: fc.nat(40),
    });
    let tree = 0;
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const directories = [join(root, String(tree++))];
        const files: string[] = [];
        mkdirSync(directories[0] ?? '');
        steps.forEach(({ at, make, kib }, index) => {
          const path = join(directories[at % directories.length] ?? '', String(index));
          const other = files[at % Math.max(1, files.length)];
          if (make === 'directory') directories.push(path);
          if (make === 'directory') mkdirSync(path);
          else if (make === 'link' && other) linkSync(other, path);
          else files.push(path);
          if (files.at(-1) === path) writeFileSync(path, Buffer.alloc(kib * 1024));
        });
        const size = walkTree(directories[0] ?? '', ALL);
        assert.is(size.bytes, du(directories[0] ?? ''));
        assert.is(size.directories, directories.length);
      }),
      { numRuns: 30 },
    );
  }));

test('the bound on entries is said, and the figures are at least so much', () =>
  withTree((tree) => {
    for (let index = 0; index < 50; index++) writeFileSync(join(tree, String(index)), 'x');
    const size = walkTree(tree, { ...ALL, mostEntries: 10 });
    assert.is(size.cut, 'entries');
    assert.is(size.files, 10);
    assert.match(sizeText(size), /^>= .* in >= 10 files, ended at the bound on files$/);
  }));

test('what vanishes or becomes a link while it is walked costs nothing', () =>
  withTree((tree) => {
    for (let index = 0; index < 300; index++) writeFileSync(join(tree, String(index)), 'x');
    mkdirSync(join(tree, 'aside'));
    mkdirSync(join(tree, 'inside'));
    writeFileSync(join(tree, 'inside/deep'), 'x');
    let calls = 0;
    const size = walkTree(tree, {
      ...ALL,
      onStep: () => {
        if (calls++ > 0) return undefined;
        for (const name of readdirSync(tree)) rmSync(join(tree, name), { recursive: true });
        symlinkSync('/usr', join(tree, 'inside'));
        return undefined;
      },
    });
    assert.ok(calls > 0);
    assert.is(size.unread, 0);
    assert.is(size.cut, undefined);
    assert.ok(size.directories <= 2, 'neither removed directories nor /usr');
  }));

test('a tree deeper than PATH_MAX is walked as far as anybody goes', () =>
  withTree((tree) => {
    const name = 'd'.repeat(200);
    // 300 levels of 200 characters: no path reaches the last one.
    execFileSync(
      'sh',
      ['-c', `cd "$1" && for i in $(seq 300); do mkdir ${name} && cd -P ${name} || exit 1; done`, 'sh', tree],
      { stdio: 'ignore' },
    );
    const size = walkTree(tree, ALL);
    assert.is(size.directories, 257);
    assert.is(size.unread, 1);
    assert.match(sizeText(size), />= .* 1 entries could not be read/);
  }));

test('other file systems are not entered', () => {
  // /dev/shm, /dev/pts and others are mounted in it.
  assert.is(walkTree('/dev', ALL).bytes, du('/dev'));
});

test('measured in a process of its own, as du', () =>
  withTree(async (tree) => {
    for (let index = 0; index < 500; index++) writeFileSync(join(tree, String(index)), 'x'.repeat(index));
    const size = await measureTree(tree);
    assert.is(size.bytes, du(tree));
    assert.is(size.files, 500);
    assert.ok(size.time > 0 && size.took > 0);
  }));

test('it reports on its way, and a cancelled one gives what it has', () =>
  withTree(async (tree) => {
    // More than a fast machine walks over in the two slices of time that are worked before the first report can be heard.
    const names = 20_000;
    writeFileSync(join(tree, 'first'), '');
    for (let index = 1; index < names; index++) linkSync(join(tree, 'first'), join(tree, String(index)));
    const controller = new AbortController();
    let soFar: TreeSize | undefined;
    // Told after its first sleep, with slices of the tree still to come.
    const size = await measureTree(tree, {
      share: 0.05,
      signal: controller.signal,
      onProgress: (progress) => {
        soFar = progress;
        controller.abort();
      },
    });
    assert.is(size.cut, 'cancelled');
    assert.is(size.files, soFar?.files);
    assert.ok(size.files > 0 && size.files < names);
    assert.is((await measureTree(tree, { signal: AbortSignal.abort() })).cut, 'cancelled');
  }));

test('the bound on time is said', () =>
  withTree(async (tree) => {
    for (let index = 0; index < 1000; index++) writeFileSync(join(tree, String(index)), '');
    assert.is((await measureTree(tree, { mostMs: 0 })).cut, 'time');
  }));

test('a tree that is not there is an error with the path and what to do', async () => {
  try {
    await measureTree('/nowhere/at/all');
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /measure \/nowhere\/at\/all: ENOENT/);
  }
});

test('growth is the difference over the time between two whole measurements', () => {
  const size = (bytes: number, time: number, more: Partial<Measured> = {}): Measured => ({
    ...{ bytes, time, took: 1, files: 1, directories: 1, whiteouts: 0, unread: 0 },
    ...more,
  });
  assert.is(growthOf(size(1000, 0), size(5000, 2000)), 2000);
  assert.is(growthOf(size(5000, 0), size(1000, 2000)), -2000);
  assert.ok(Number.isNaN(growthOf(undefined, size(1, 1))));
  assert.ok(Number.isNaN(growthOf(size(1, 0), size(2, 1, { cut: 'time' }))));
  assert.is(growthText(-2048), 'shrinks 2.00KiB/s');
  assert.is(growthText(0), 'does not grow');
});

test('what may not be read is counted, and makes the figure a least one', async () => {
  if (process.getuid?.() !== 0) return console.log('SKIP: needs root, to become nobody');
  await withTree((tree) => {
    mkdirSync(join(tree, 'secret'));
    chmodSync(join(tree, 'secret'), 0o700);
    chmodSync(tree, 0o755);
    const script = `import('${new URL('../../src/metrics/disk-usage/walk.ts', import.meta.url).href}').then(({ walkTree }) => {
      process.setuid(65534);
      console.log(JSON.stringify(walkTree(process.argv[1], { mostEntries: 9, onStep: () => undefined })));
    })`;
    const text = execFileSync(process.execPath, [...process.execArgv, '-e', script, tree], { encoding: 'utf8' });
    assert.match(text, /"unread":1/);
  });
});

test.run();
