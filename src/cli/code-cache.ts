/**
 * Writes the code caches that launch.ts reads, by one typical run of each program that changes nothing: after a build,
 * and after an installation, whose Node may be another than the builder's.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const RUNS = {
  tscg: ['set', 'self', '--pids', 'max', '--dry-run'],
  tstop: ['--delay', '0.1'],
};

// What a run answers is no matter: without a cgroup2 mount it still has compiled all that comes before that.
for (const [program, words] of Object.entries(RUNS)) {
  spawnSync(process.execPath, [join(__dirname, `${program}.js`), ...words], {
    env: { ...process.env, TSCG_CODE_CACHE: 'write' },
    stdio: 'ignore',
  });
}
