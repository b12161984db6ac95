/** The programs start whatever became of the code that V8 compiled when they were built. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Script } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TSCG } from '../boxes.ts';

const CACHES: Record<string, (cache: Buffer) => Buffer | undefined> = {
  'as built': (cache) => cache,
  missing: () => undefined,
  empty: () => Buffer.alloc(0),
  'cut short': (cache) => cache.subarray(0, cache.length / 2),
  'of another version of V8': (cache) => Buffer.concat([cache.subarray(0, 4), Buffer.alloc(4), cache.subarray(8)]),
};

for (const [name, change] of Object.entries(CACHES)) {
  test(`tscg starts with its code cache ${name}`, () => {
    const root = mkdtempSync(join(tmpdir(), 'tscg-launch-'));
    try {
      const cli = join(root, 'dist', 'cli');
      mkdirSync(cli, { recursive: true });
      symlinkSync(join(dirname(TSCG), '../../package.json'), join(root, 'package.json'));
      for (const file of ['package.json', 'tscg.js', 'tscg.cjs']) cpSync(join(dirname(TSCG), file), join(cli, file));
      const cache = change(readFileSync(TSCG.replace(/js$/, 'cjs.cache')));
      if (cache) writeFileSync(join(cli, 'tscg.cjs.cache'), cache);
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
    } finally {
      rmSync(root, { recursive: true });
    }
  });
}

test('the bundles are ASCII, as the launcher reads them', () => {
  for (const program of ['tscg', 'tstop']) {
    const [found] = readFileSync(join(dirname(TSCG), `${program}.cjs`), 'utf8').match(/.{0,30}[^\x00-\x7f]/) ?? [];
    assert.is(found, undefined);
  }
});

test('V8 takes the code cache of tstop where it takes that of tscg: no flag that tstop sets is in it', () => {
  const isRefused = (program: string): boolean | undefined => {
    const file = join(dirname(TSCG), `${program}.cjs`);
    const source = readFileSync(file, 'latin1');
    return new Script(source, { filename: file, cachedData: readFileSync(`${file}.cache`) }).cachedDataRejected;
  };
  assert.is(isRefused('tstop'), isRefused('tscg'));
});

test('nothing is imported at run time: a script that comes from the code cache cannot import (Node 20)', () => {
  for (const program of ['tscg.cjs', 'tstop.cjs']) {
    assert.not.match(readFileSync(join(dirname(TSCG), program), 'latin1'), /\bimport\(/, program);
  }
});

/** Writes the built-in modules that Node loaded for the program on standard error. */
const TELL_LOADED = `
  const before = new Set(process.moduleLoadList);
  process.on('exit', () => console.error(process.moduleLoadList.filter((name) => !before.has(name)).join('\\n')));
`;

test('a short command loads none of the built-in modules that take longest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tscg-launch-'));
  try {
    writeFileSync(join(folder, 'tell.cjs'), TELL_LOADED);
    const { stdout, stderr } = spawnSync(process.execPath, ['-r', join(folder, 'tell.cjs'), TSCG, '--version'], {
      encoding: 'utf8',
    });
    assert.match(stdout, /^\d+\.\d+/);
    assert.not.match(stderr, /^NativeModule (child_process|net|stream|tty|worker_threads)$/m);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
