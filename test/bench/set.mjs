/**
 * A limit from start to verified, against an empty node and against what others take for it, in one run. Part of
 * `npm run bench`, which runs it in User-Mode Linux: emulated instructions are slow in other proportions.
 *
 *     node test/guest/native.mjs node test/bench/set.mjs
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startDocker, startService } from '../guest/systemd/workloads.mjs';

const TSCG = fileURLToPath(new URL('../../dist/cli/tscg.js', import.meta.url));
const ROUNDS = 13;

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
/** @type {typeof commands} */
const round = { 'node -e 0': () => time(process.execPath, '-e', '0'), ...commands };
/** @type {Map<string, number[]>} */
const times = new Map(Object.keys(round).map((name) => [name, []]));
/** One of each a round, in another order each time, and a rest before each: what a daemon still does after one is not the next one's. */
const REST_MS = 150;
let started = 0;
for (let n = 0; n < ROUNDS; n++) {
  const order = [...times].map(([name, all]) => ({ name, all, at: Math.random() })).sort((a, b) => a.at - b.at);
  for (const { name, all } of order) {
    await setTimeout(REST_MS);
    all.push(round[name]?.(20 + ((started++ * 7) % 71)) ?? Number.NaN);
  }
}
const empty = median(times.get('node -e 0') ?? []);
for (const name of Object.keys(commands)) {
  console.log(`${name} / node -e 0: ${(median(times.get(name) ?? []) / empty).toFixed(2)}`);
}
