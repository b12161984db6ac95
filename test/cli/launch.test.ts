/** The programs start whatever became of the code that V8 compiled when they were built. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { STATE_DIR, TSCG } from '../boxes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const CLI = dirname(TSCG);

/** Files of the two programs, in one part or several. */
const PARTS = readdirSync(CLI).filter((file) => /^(tscg|tstop)\b.*\.cjs$/.test(file));

const CACHES: Record<string, (cache: Buffer) => Buffer | undefined> = {
  'as built': (cache) => cache,
  missing: () => undefined,
  empty: () => Buffer.alloc(0),
  'cut short': (cache) => cache.subarray(0, cache.length / 2),
  'of another version of V8': (cache) => Buffer.concat([cache.subarray(0, 4), Buffer.alloc(4), cache.subarray(8)]),
};

for (const [name, change] of Object.entries(CACHES)) {
  test(`tscg starts with its code cache ${name}`, () => {
    const root = temporaryFolder();
    const cli = join(root, 'dist', 'cli');
    mkdirSync(cli, { recursive: true });
    symlinkSync(join(CLI, '../../package.json'), join(root, 'package.json'));
    for (const file of ['package.json', 'tscg.js', ...PARTS]) cpSync(join(CLI, file), join(cli, file));
    for (const file of readdirSync(CLI).filter((name) => name.endsWith('.cache'))) {
      const cache = change(readFileSync(join(CLI, file)));
      if (cache) writeFileSync(join(cli, file), cache);
    }
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(cli, 'tscg.js'), 'set', 'x', '--cpu', 'many'],
      {
        encoding: 'utf8',
      },
    );
    assert.is(stdout, '');
    assert.match(stderr, /^tscg: "many" is not a CPU share.*\n$/);
    assert.is(status, 2);
  });
}

test('the bundles are ASCII, as the launcher reads them', () => {
  for (const part of PARTS) {
    const [found] = readFileSync(join(CLI, part), 'utf8').match(/.{0,30}[^\x00-\x7f]/) ?? [];
    assert.is(found, undefined, part);
  }
});

test('V8 takes all code caches where it takes that of tscg: no flag that was set for writing one is in it', () => {
  const isRefused = (program: string): boolean | undefined => {
    const file = join(CLI, `${program}.cjs`);
    const source = readFileSync(file, 'latin1');
    return new Script(source, { filename: file, cachedData: readFileSync(`${file}.cache`) }).cachedDataRejected;
  };
  // Asked once: V8 remembers a source that it compiled, and then looks at no cache of it.
  const ofTscg = isRefused('tscg');
  for (const part of ['tstop', 'tscg.runtimes']) assert.is(isRefused(part), ofTscg, part);
});

test('the code cache has what a change of limits needs, from its first write to its undo', () => {
  const cache = readFileSync(join(CLI, 'tscg.act.cjs.cache'), 'latin1');
  // V8 keeps the strings of a function beside its code; these are in functions that write.
  for (const text of ['could not be taken back', ' by now, not the "', 'is undone'])
    assert.ok(cache.includes(text), text);
});

test('the code cache has the clients of all runtimes', () => {
  const cache = readFileSync(join(CLI, 'tscg.runtimes.cjs.cache'), 'latin1');
  for (const text of ['org.freedesktop.machine1', '/containers/json']) assert.ok(cache.includes(text), text);
});

test('nothing is imported at run time: a script that comes from the code cache cannot import (Node 20)', () => {
  for (const part of PARTS) assert.not.match(readFileSync(join(CLI, part), 'latin1'), /\bimport\(/, part);
});

/** Tells on standard error which built-in modules Node loaded for the program, and which of its own files it opened. */
const TELL_LOADED = `
  const before = new Set(process.moduleLoadList);
  const fs = require('fs');
  const { openSync } = fs;
  const opened = [];
  fs.openSync = (path, ...more) => {
    if (String(path).endsWith('.cjs')) opened.push('Part ' + require('path').basename(path));
    return openSync(path, ...more);
  };
  process.on('exit', () => {
    const modules = process.moduleLoadList.filter((name) => !before.has(name));
    console.error([...modules, ...opened].join('\\n'));
  });
`;

function loadedBy(words: readonly string[]): { modules: string[]; parts: string[] } {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'tell.cjs'), TELL_LOADED);
  const { stderr } = spawnSync(process.execPath, ['-r', join(folder, 'tell.cjs'), TSCG, ...words], {
    encoding: 'utf8',
    // `ls` prints a line a cgroup, and there may be many.
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TSCG_STATE_DIR: STATE_DIR },
  });
  const after = (word: string): string[] =>
    stderr.split('\n').flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  return { modules: after('NativeModule'), parts: after('Part') };
}

test('a short command loads none of the built-in modules that take longest', () => {
  const { modules, parts } = loadedBy(['--version']);
  assert.ok(parts.length > 0);
  for (const slow of ['child_process', 'net', 'stream', 'tty', 'worker_threads'])
    assert.not.ok(modules.includes(slow), slow);
});

/** Bytes of source, minified. Who needs more should look what a module that it loads is needed for (`packaging/parts.mjs`). */
const MOST: readonly { bytes: number; parts: readonly string[]; commands: readonly string[] }[] = [
  { bytes: 90_000, parts: ['tscg.cjs'], commands: ['--version', '--help', 'ls --help', 'no-such-command'] },
  {
    bytes: 360_000,
    parts: ['tscg.cjs', 'tscg.act.cjs', 'tscg.common.cjs'],
    commands: ['log', 'undo', 'set self --cpu many', 'freeze self --dry-run', 'run --dry-run true'],
  },
  { bytes: 330_000, parts: ['tscg.cjs', 'tscg.common.cjs', 'tscg.view.cjs'], commands: ['ls', 'get self'] },
];

for (const { bytes, parts: allowed, commands } of MOST)
  for (const command of commands)
    test(`tscg ${command} loads no part that it does not need`, () => {
      // The clients of runtimes are loaded where the machine has such a runtime.
      const parts = loadedBy(command.split(' ')).parts.filter((part) => part !== 'tscg.runtimes.cjs');
      assert.equal(parts.toSorted(), allowed.toSorted());
      const size = parts.reduce((sum, part) => sum + statSync(join(CLI, part)).size, 0);
      assert.ok(size <= bytes, `${size} bytes of ${parts.join(', ')}`);
    });

test('a change reads nothing of the commands that are typed seldom, whoever owns the cgroup', () => {
  assert.not.match(readFileSync(join(CLI, 'tscg.act.cjs'), 'latin1'), /tscg\.rest\.cjs/);
});

test.run();
