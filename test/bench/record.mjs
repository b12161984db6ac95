// npm run bench:record: what a recording costs, for 200 containers and 500 processes at 1 s, in User-Mode Linux: real cgroups
// of a real kernel, whose speeds compare. Beside it atop's recording of the same minute, where atop is installed.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleTests } from '../bundle.mjs';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const folder = join(process.cwd(), 'node_modules/.cache/tscg-bench');
mkdirSync(folder, { recursive: true });
const program = join(folder, 'load');
const flags = ['-O1', '-static', '-pthread', '-o', program, 'test/neighbours/load.c'];
const { status, stderr, error } = spawnSync('gcc', flags, { encoding: 'utf8' });
if (status !== 0) throw new Error(`gcc: ${error?.message ?? stderr}`);
const bundles = await bundleTests(['test/bench/record-costs.ts'], 'guest');
const command = ['test/guest/native.mjs', 'node', join(bundles, 'test/bench/record-costs.mjs'), program];
process.exitCode = spawnSync(process.execPath, command, { stdio: 'inherit' }).status ?? 1;
