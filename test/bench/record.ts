/**
 * npm run bench:record: what a recording costs, for 200 containers and 500 processes at 1 s, and atop's recording of the same
 * minute beside it. It measures this machine where that has a cgroup v2 in which cgroups may be made. Elsewhere, and with
 * `-- --guest`, it measures User-Mode Linux: there a system call costs some hundred times as much, so that ratios alone compare.
 */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTests } from '../bundle.mjs';
import { noScratch, SCRATCH_MOUNT } from '../scratch-cgroup.ts';
import { compileLoad } from './busy.ts';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const bundles = await bundleTests(['test/bench/record-costs.ts'], 'guest');
const costs = [join(bundles, 'test/bench/record-costs.mjs'), compileLoad()];
const whyGuest = process.argv.includes('--guest') ? '--guest' : noScratch;
console.log(`machine: ${whyGuest === undefined ? `this one, with ${SCRATCH_MOUNT}` : `User-Mode Linux (${whyGuest})`}`);
const command = whyGuest === undefined ? costs : ['test/guest/native.mjs', 'node', ...costs];
process.exitCode = spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1;
