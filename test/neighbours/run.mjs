// npm run bench:neighbours [-- CASE… --seeds 11,12]: who hurts whom, in the guest, against the victim's own slowdown.
// Seeds below 10 are for tuning, those from 10 on are reported: no threshold is chosen by what they give.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTests } from '../bundle.mjs';
import { runInGuest } from '../guest/machine.mjs';

const REPORTED = '11,12';
const TIMEOUT = 5400;

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const args = process.argv.slice(2);
const at = args.indexOf('--seeds');
const [, seeds = REPORTED] = at < 0 ? [] : args.splice(at, 2);

const folder = join(process.cwd(), 'node_modules/.cache/tscg-neighbours');
mkdirSync(folder, { recursive: true });
const program = join(folder, 'load');
const flags = ['-O1', '-static', '-pthread', '-Wall', '-Wextra', '-Werror'];
const { status, stderr, error } = spawnSync('gcc', [...flags, '-o', program, 'test/neighbours/load.c'], {
  encoding: 'utf8',
});
if (status !== 0) throw new Error(`gcc: ${error?.message ?? stderr}`);

const bundles = await bundleTests(['test/neighbours/bench.ts'], 'guest');
const command = ['node', join(bundles, 'test/neighbours/bench.mjs'), program, seeds, ...args];
const options = {
  systemd: false,
  kernel: /** @type {const} */ ('6.12'),
  memory: '5G',
  timeout: TIMEOUT,
  rw: [],
  command,
};
process.exitCode = await runInGuest(options, process.stdout, process.stderr);
