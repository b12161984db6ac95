#!/usr/bin/env node
/**
 * Starts the program that is bundled beside this file (tscg.js runs tscg.cjs), with what V8 compiled of it when it was
 * built (tscg.cjs.cache): a short command spends most of its time on reading its own source. V8 refuses a cache that
 * another version of it made, or of another source; the program then starts as without one.
 * A program may have further parts (tscg.act.cjs), each loaded in the same way when a module in it is first required.
 * The programs are CommonJS, because the loader of ES modules takes long to start. A part is one function whose parameters
 * are those of a CommonJS module, so that its source is not copied once more to be wrapped, and ASCII, which is read fastest.
 * It has `require` in place of `import()`: a script that comes from the cache cannot import (Node 20).
 * `TSCG_CODE_CACHE=write` writes the caches at the end of the run; they then hold the functions that the run needed.
 */

import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { Script } from 'node:vm';

function read(path: string, memory: Buffer): Buffer {
  const descriptor = openSync(path, 'r');
  try {
    return memory.subarray(0, readSync(descriptor, memory, 0, memory.length, 0));
  } finally {
    closeSync(descriptor);
  }
}

function cached(path: string, memory: Buffer): Buffer | undefined {
  try {
    return read(path, memory);
  } catch {
    return undefined;
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

function compile(file: string): Script {
  const cache = `${file}.cache`;
  // One buffer serves both files: the second costs no new pages.
  const memory = Buffer.allocUnsafeSlow(Math.max(sizeOf(file), sizeOf(cache)));
  const source = read(file, memory).toString('latin1');
  const script = new Script(source, { filename: file, cachedData: cached(cache, memory) });
  if (process.env.TSCG_CODE_CACHE === 'write')
    process.once('exit', () => writeFileSync(cache, script.createCachedData()));
  return script;
}

const program = __filename.replace(/\.js$/, '.cjs');
const ofNode = createRequire(program);

/** Built-in modules that most runs never touch, and that take longer to load than all of ours: each is there at its first use. */
const LATE = 'child_process crypto fs/promises net stream timers/promises tty worker_threads zlib'.split(' ');

/** What was required so far, by the name that it was required by. */
const modules = new Map<string, object>();
for (const name of LATE) {
  let loaded: object | undefined;
  const real = (): object => {
    const module: object = loaded ?? ofNode(`node:${name}`);
    loaded = module;
    return module;
  };
  const handler: ProxyHandler<object> = {
    get: (_, key) => Reflect.get(real(), key),
    has: (_, key) => Reflect.has(real(), key),
    ownKeys: () => Reflect.ownKeys(real()),
    getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(real(), key),
  };
  const late = new Proxy({}, handler);
  modules.set(name, late).set(`node:${name}`, late);
}

/** `require` of a part: another part, as `./tscg.act.cjs`, a module of Node or a package. */
function required(name: string): object {
  const known = modules.get(name);
  if (known) return known;
  if (name.startsWith('./')) return load(name);
  const exports = ofNode(name);
  modules.set(name, exports);
  return exports;
}

function load(part: string): object {
  const file = join(__dirname, part);
  const module = { exports: {} };
  compile(file).runInThisContext()(module.exports, required, module, file, __dirname);
  modules.set(part, module.exports);
  return module.exports;
}

load(`./${basename(program)}`);
