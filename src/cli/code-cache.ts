/**
 * Writes the code caches that launch.ts reads, by typical runs of the programs that change nothing: after a build,
 * and after an installation, whose Node may be another than the builder's.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

/** Runs one after another: each adds the functions that it needed to the caches that the runs before it wrote. */
const RUNS: readonly (readonly [program: string, ...words: string[]])[] = [
  ['tscg', 'freeze', 'self', '--dry-run'],
  ['tscg', 'run', '--dry-run', 'true'],
  ['tscg', 'thaw', 'self', '--dry-run'],
  ['tscg', 'ls', '--delay', '0.1'],
  ['tscg', 'get', 'self', '--delay', '0.1'],
  ['tscg', 'log'],
  ['tscg', 'why', 'no-such-workload'],
  ['tscg', 'set', 'self', '--pids', 'max', '--dry-run'],
  ['tstop', '--delay', '0.1'],
];

/** `env`: beside this program's own. */
function write(words: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  spawnSync(process.execPath, words, { env: { ...process.env, TSCG_CODE_CACHE: 'write', ...env }, stdio: 'ignore' });
}

/** Ends like a user's `kill`: what ends without an exit writes no cache. */
const DASHBOARD_MS = 3000;

/** Makes the streams look like a terminal: without one tstop prints a table and has no dashboard. */
const AS_TERMINAL = `
  for (const stream of [process.stdin, process.stdout]) Object.assign(stream, { isTTY: true, columns: 200, rows: 60 });
  process.stdin.setRawMode = () => process.stdin;
  setTimeout(() => process.kill(process.pid, 'SIGTERM'), ${DASHBOARD_MS});
  require(${JSON.stringify(join(__dirname, 'tstop.js'))});
`;

/** The files of a cgroup with a cpu limit. */
const BOX = {
  'cgroup.controllers': 'cpu',
  'cgroup.type': 'domain',
  'cgroup.procs': '',
  'cpu.max': 'max 100000',
  'cpu.max.burst': '0',
};

/**
 * Sets a limit and undoes it in `folder`, where plain files stand for a hierarchy. Users want these functions to start fast, and
 * a run that changes nothing does not reach them.
 */
function writeAsChange(folder: string): void {
  const mount = join(folder, 'cgroup');
  mkdirSync(join(mount, 'box'), { recursive: true });
  for (const [file, text] of Object.entries(BOX)) writeFileSync(join(mount, 'box', file), text);
  const inFolder = `
    const fs = require('node:fs');
    const read = fs.readFileSync;
    const mountinfo = ${JSON.stringify(`30 24 0:26 / ${mount} rw - cgroup2 cgroup2 rw\n`)};
    fs.readFileSync = (path, ...rest) => (path === '/proc/self/mountinfo' ? mountinfo : read(path, ...rest));
    require(${JSON.stringify(join(__dirname, 'tscg.js'))});
  `;
  const env = { TSCG_STATE_DIR: join(folder, 'state') };
  write(['-e', inFolder, 'set', '/box', '--cpu', '50%'], env);
  write(['-e', inFolder, 'undo'], env);
}

/**
 * Writes the cache of all functions of a part, which V8 must compile at once for that: no run reaches the functions for a runtime
 * that this machine does not have.
 */
function writeWhole(part: string): void {
  const file = join(__dirname, part);
  setFlagsFromString('--no-lazy');
  const script = new Script(readFileSync(file, 'latin1'), { filename: file });
  setFlagsFromString('--lazy');
  writeFileSync(`${file}.cache`, script.createCachedData());
}

writeWhole('tscg.runtimes.cjs');
// The exit code does not matter: a run without a cgroup2 mount has compiled all that comes before it fails.
for (const [program, ...words] of RUNS) write([join(__dirname, `${program}.js`), ...words]);
write(['-e', AS_TERMINAL]);
const folder = mkdtempSync(join(tmpdir(), 'tscg-code-cache-'));
try {
  writeAsChange(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
