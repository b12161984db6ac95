/**
 * npm run bench:record: what a recording costs, for 200 containers and 500 processes at 1 s, and atop's recording of the same
 * minute beside it. It measures this machine where that has a cgroup v2 in which cgroups may be made. Elsewhere, and with
 * `-- --guest`, it measures User-Mode Linux: there a system call costs some hundred times as much, so that ratios alone compare.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTests } from '../bundle.mjs';
import { noScratch, SCRATCH_MOUNT } from '../scratch-cgroup.ts';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const folder = join(process.cwd(), 'node_modules/.cache/tscg-bench');
mkdirSync(folder, { recursive: true });
const program = join(folder, 'load');
const flags = ['-O1', '-static', '-pthread', '-o', program, 'test/neighbours/load.c'];
const { status, stderr, error } = spawnSync('gcc', flags, { encoding: 'utf8' });
if (status !== 0) throw new Error(`gcc: ${error?.message ?? stderr}`);
const bundles = await bundleTests(['test/bench/record-costs.ts'], 'guest');
const costs = [join(bundles, 'test/bench/record-costs.mjs'), program];
const whyGuest = process.argv.includes('--guest') ? '--guest' : noScratch;
console.log(`machine: ${whyGuest === undefined ? `this one, with ${SCRATCH_MOUNT}` : `User-Mode Linux (${whyGuest})`}`);
const command = whyGuest === undefined ? costs : ['test/guest/native.mjs', 'node', ...costs];
process.exitCode = spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1;
