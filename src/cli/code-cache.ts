/**
 * Writes the code caches that launch.ts reads, by typical runs of the programs that change nothing: after a build,
 * and after an installation, whose Node may be another than the builder's.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

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

const write = (...words: readonly string[]): void =>
  void spawnSync(process.execPath, words, { env: { ...process.env, TSCG_CODE_CACHE: 'write' }, stdio: 'ignore' });

/** Ends like a user's `kill`: what ends without an exit writes no cache. */
const DASHBOARD_MS = 3000;

/** Makes the streams look like a terminal: without one tstop prints a table and has no dashboard. */
const AS_TERMINAL = `
  for (const stream of [process.stdin, process.stdout]) Object.assign(stream, { isTTY: true, columns: 200, rows: 60 });
  process.stdin.setRawMode = () => process.stdin;
  setTimeout(() => process.kill(process.pid, 'SIGTERM'), ${DASHBOARD_MS});
  require(${JSON.stringify(join(__dirname, 'tstop.js'))});
`;

// The exit code does not matter: a run without a cgroup2 mount has compiled all that comes before it fails.
for (const [program, ...words] of RUNS) write(join(__dirname, `${program}.js`), ...words);
write('-e', AS_TERMINAL);
