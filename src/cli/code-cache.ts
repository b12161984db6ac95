/**
 * Writes the code caches that launch.ts reads, by typical runs of the programs that change nothing: after a build,
 * and after an installation, whose Node may be another than the builder's.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Runs one after another: each adds the functions that it needed to the cache that the runs before it wrote. */
const RUNS: readonly (readonly [program: string, ...words: string[]])[] = [
  ['tscg', 'freeze', 'self', '--dry-run'],
  ['tscg', 'run', '--dry-run', 'true'],
  ['tscg', 'get', 'self', '--delay', '0.1'],
  ['tscg', 'log'],
  ['tscg', 'set', 'self', '--pids', 'max', '--dry-run'],
  ['tstop', '--delay', '0.1'],
];

// The exit code does not matter: a run without a cgroup2 mount has compiled all that comes before it fails.
for (const [program, ...words] of RUNS) {
  spawnSync(process.execPath, [join(__dirname, `${program}.js`), ...words], {
    env: { ...process.env, TSCG_CODE_CACHE: 'write' },
    stdio: 'ignore',
  });
}
