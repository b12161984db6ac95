#!/usr/bin/env node
/**
 * Starts the program that is bundled beside this file (tscg.js runs tscg.cjs), with what V8 compiled of it when it was
 * built (tscg.cjs.cache): a short command spends most of its time on reading its own source. V8 refuses a cache that
 * another version of it made, or of another source; the program then starts as without one.
 * The programs are CommonJS, because the loader of ES modules takes long to start. A bundle is one function whose parameters
 * are those of a CommonJS module, so that its source is not copied once more to be wrapped, and ASCII, which is read fastest.
 * The bundle has `require` in place of `import()`: a script that comes from the cache cannot import (Node 20).
 * `TSCG_CODE_CACHE=write` writes the cache at the end of the run; it then holds the functions that the run needed.
 */
import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

const file = __filename.replace(/\.js$/, '.cjs');
const cache = `${file}.cache`;

/** One buffer serves both files: the second costs no new pages. */
let memory = Buffer.alloc(0);

function read(path: string): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (size > memory.length) memory = Buffer.allocUnsafeSlow(size);
    return memory.subarray(0, readSync(descriptor, memory, 0, size, 0));
  } finally {
    closeSync(descriptor);
  }
}

function cached(): Buffer | undefined {
  try {
    return read(cache);
  } catch {
    return undefined;
  }
}

const source = read(file).toString('latin1');
const script = new Script(source, { filename: file, cachedData: cached() });
memory = Buffer.alloc(0);
if (process.env.TSCG_CODE_CACHE === 'write')
  process.once('exit', () => writeFileSync(cache, script.createCachedData()));
const module = { exports: {} };
const load = createRequire(file);

/** Built-in modules that most runs never touch, and that take longer to load than all of ours: each is there at its first use. */
const LATE = ['child_process', 'fs/promises', 'net', 'stream', 'timers/promises', 'tty', 'worker_threads'];
const late = new Map(
  LATE.map((name) => {
    const real = (): object => load(`node:${name}`);
    const handler: ProxyHandler<object> = {
      get: (_, key) => Reflect.get(real(), key),
      has: (_, key) => Reflect.has(real(), key),
      ownKeys: () => Reflect.ownKeys(real()),
      getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(real(), key),
    };
    return [`node:${name}`, new Proxy({}, handler)];
  }),
);
script.runInThisContext()(module.exports, (name: string) => late.get(name) ?? load(name), module, file, dirname(file));
