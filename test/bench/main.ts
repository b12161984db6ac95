/**
 * npm run bench: everything side by side in one run, as ratios. 1,000 empty cgroups are made on the real mount; then
 * the collector against a C program that only preads the same files, Node's own readers, and whole programs against
 * their peers where those are installed; and what the diagnosis costs.
 */

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, rmdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createFallbackCollector } from '../../src/kernel/collector-fallback.ts';
import { chooseHierarchy } from '../../src/kernel/hierarchy.ts';
import { openCollector } from '../../src/kernel/open-collector.ts';
import { CGROUP_FILES } from '../../src/metrics/files.ts';
import { diagnosisCosts } from './diagnosis-costs.ts';
import { buildFloor, collectorAgainstFloor, makeCgroups, median } from './floor.ts';
import { scrapes } from './scrape.ts';
import { dist, screens } from './screens.ts';

const COUNT = 1000;
const BUDGET = 16_384;
const { mount } = chooseHierarchy(readFileSync('/proc/self/mountinfo', 'utf8'));

const report = (name: string, value: string): void => console.log(`${name}: ${value}`);

/** Time of `passes` calls, the median in milliseconds. */
async function time(passes: number, pass: () => void | Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < passes; count++) {
    const start = performance.now();
    await pass();
    times.push(performance.now() - start);
  }
  return median(times);
}

async function readers(paths: readonly string[]): Promise<void> {
  const files = CGROUP_FILES.filter(({ file, tier }) => tier === 'hot' && existsSync(`${mount}${paths[0]}/${file}`));
  report('files', `${files.map(({ file }) => file).join(' ')} of ${paths.length} cgroups`);
  const options = { mount, files, budget: BUDGET, watches: 0, skipDevices: [] };
  const native = openCollector(options);
  const { ratio, collector, floor } = await collectorAgainstFloor(native, mount, paths, files);
  native.close();
  report('floor (C, pread of kept descriptors)', `${floor.toFixed(2)} ms`);
  report(`collector / floor`, `${ratio.toFixed(2)} (${native.kind}, ${collector.toFixed(2)} ms)`);
  const fallback = createFallbackCollector(options);
  const slow = await collectorAgainstFloor(fallback, mount, paths, files, 5, 5);
  fallback.close();
  report('fallback collector / floor', slow.ratio.toFixed(2));

  const texts = paths.flatMap((path) => files.map(({ file }) => `${mount}${path}/${file}`));
  const bare = buildFloor();
  const against = async (name: string, pass: () => void | Promise<void>): Promise<void> => {
    const own = await time(5, pass);
    report(`${name} / floor`, (own / (median(bare.run(texts, 5)) / 1e6)).toFixed(2));
  };
  const buffer = Buffer.alloc(65_536);
  const kept = texts.map((path) => openSync(path, 'r'));
  await against('fs.readSync of kept descriptors', () => {
    for (const fd of kept) readSync(fd, buffer, 0, buffer.length, 0);
  });
  for (const fd of kept) closeSync(fd);
  await against('fs.readFileSync', () => {
    for (const path of texts) readFileSync(path);
  });
  await against('fs.promises.readFile', async () => {
    await Promise.all(texts.map((path) => readFile(path)));
  });
  bare.remove();
}

/** Whole runs of tscg against an empty program, in pairs. */
function startUp(path: string): void {
  const pairs = 15;
  const env = { ...process.env, TSCG_STATE_DIR: mkdtempSync(join(tmpdir(), 'tscg-bench-')) };
  const run = (...args: string[]): number => {
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`);
    return performance.now() - start;
  };
  const compare = (name: string, args: (pair: number) => readonly string[]): void => {
    const ratios = Array.from({ length: pairs }, (_, pair) => run(dist('tscg'), ...args(pair)) / run('-e', '0'));
    report(`${name} / node -e 0`, median(ratios).toFixed(2));
  };
  compare('tscg ls --help', () => ['ls', '--help']);
  // From start to verified. Where the cpu controller is not here the freezer takes the same way.
  const limit = existsSync(`${mount}${path}/cpu.max`)
    ? (name: string) => compare(`tscg set ${name} --cpu`, (pair) => ['set', nameOf(name), '--cpu', `${20 + pair}%`])
    : (name: string) => compare(`tscg freeze ${name}`, (pair) => [pair % 2 ? 'thaw' : 'freeze', nameOf(name)]);
  const nameOf = (name: string): string => (name === 'PATH' ? path : path.slice(1));
  limit('PATH');
  limit('NAME');
}

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** In a machine of its own, where every controller is, beside docker and systemd. */
function natively(what: string, ...words: readonly string[]): void {
  const command = [beside('../guest/native.mjs'), process.execPath, ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  process.stdout.write(stdout);
  if (status !== 0) report(what, `not measured: ${stderr.trim()}`);
}

const alone = `/tscg-bench-${process.pid}`;
mkdirSync(mount + alone);
try {
  startUp(alone);
} finally {
  rmdirSync(mount + alone);
}
natively('tscg set through docker and systemd', beside('./set.mjs'));
natively('a scrape with every controller', '--import', 'tsx', beside('./scrape.ts'));
await diagnosisCosts(mount, report);
const cgroups = makeCgroups(mount, COUNT);
try {
  await readers(cgroups.paths);
  await scrapes(mount, report);
  await screens(mount, cgroups.paths, report);
} finally {
  cgroups.remove();
}
