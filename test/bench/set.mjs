/**
 * A limit from start to verified, against an empty node and against what others take for it, in one run. Part of
 * `npm run bench`, which runs it in User-Mode Linux: emulated instructions are slow in other proportions.
 *
 *     node test/guest/native.mjs node test/bench/set.mjs
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startDocker, startService } from '../guest/systemd/workloads.mjs';

const TSCG = fileURLToPath(new URL('../../dist/cli/tscg.js', import.meta.url));
const PAIRS = 9;

/** Milliseconds of a command that must succeed. @param {string} program @param {string[]} args */
function time(program, ...args) {
  const start = performance.now();
  const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return performance.now() - start;
}

/** @param {number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

await startService('bench', {});
await startDocker('bench', { network: 'none' });
mkdirSync('/sys/fs/cgroup/bench-box');
/** Each sets another value each time, so that something is written. @type {Record<string, (percent: number) => number>} */
const commands = {
  'tscg set CGROUP (nobody owns it)': (percent) =>
    time(process.execPath, TSCG, 'set', 'bench-box', '--cpu', `${percent}%`),
  'tscg set UNIT (through systemd)': (percent) =>
    time(process.execPath, TSCG, 'set', 'bench.service', '--cpu', `${percent}%`),
  'systemctl set-property': (percent) =>
    time('systemctl', 'set-property', '--runtime', 'bench.service', `CPUQuota=${percent}%`),
  'tscg set CONTAINER (through docker)': (percent) =>
    time(process.execPath, TSCG, 'set', 'bench', '--cpu', `${percent}%`),
  'docker update': (percent) => time('docker', 'update', '--cpu-quota', String(percent * 1000), 'bench'),
  'tscg set --via cgroupfs': (percent) =>
    time(process.execPath, TSCG, 'set', 'bench.service', '--cpu', `${percent}%`, '--via', 'cgroupfs'),
};
for (const [name, run] of Object.entries(commands)) {
  const ratios = Array.from({ length: PAIRS }, (_, pair) => run(20 + pair) / time(process.execPath, '-e', '0'));
  console.log(`${name} / node -e 0: ${median(ratios).toFixed(2)}`);
}
