/**
 * npm run bench:scale: what tstop costs beside its peers where there are many cgroups, with a process in each.
 *
 *     node --import tsx test/bench/scale.ts [COUNT]…      default: 1000 3000 10000
 *
 * Idle, 1 % of them active, all active; flat, and as Kubernetes nests them. The machine is busy meanwhile (busy.ts); what it
 * costs on one at rest is measured for idle ones. A peer that is not installed is left out, and said so.
 */

import { type ChildProcess, execFileSync, spawn as spawnProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { chooseHierarchy } from '../../src/kernel/hierarchy.ts';
import { openTstop } from '../terminal.ts';
import { compileLoad, keepBusy } from './busy.ts';
import { median } from './floor.ts';
import { cgtop, costOf, costOfTstop, PEER_WARM_MS, reportKeys, showsFrame } from './screens.ts';

const COUNTS = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1000, 3000, 10_000];
const STARTS = 5;

const { mount } = chooseHierarchy(readFileSync('/proc/self/mountinfo', 'utf8'));
const parent = `${mount}/tscg-scale-${process.pid}`;

interface Load {
  readonly name: string;
  /** Every so many-th cgroup with a process works; none of them for 0. */
  readonly every: number;
  /** Microseconds of work, and milliseconds of rest after it. */
  readonly work: readonly [number, number];
}

const LOADS: readonly Load[] = [
  { name: 'idle', every: 0, work: [0, 0] },
  { name: '1 % active', every: 100, work: [100, 100] },
  { name: 'all active', every: 1, work: [20, 1000] },
];

/** Directories, parents first, and those that have a process. */
const SHAPES: Readonly<Record<string, (count: number) => { all: string[]; leaves: string[] }>> = {
  flat: (count) => {
    const leaves = Array.from({ length: count }, (_, index) => `${parent}/${index}`);
    return { all: leaves, leaves };
  },
  /** Each three cgroups are a pod and its two containers, in two classes of service. */
  kubernetes: (count) => {
    const classes = ['burstable', 'besteffort'].map((name) => `${parent}/kubepods/${name}`);
    const pods = Array.from({ length: Math.floor(count / 3) }, (_, pod) => `${classes[pod % 2]}/pod${pod}`);
    const leaves = pods.flatMap((pod) => [`${pod}/pause`, `${pod}/main`]);
    return { all: [`${parent}/kubepods`, ...classes, ...pods, ...leaves], leaves };
  },
};

/** Compiles `crowd.c`, which lives in the cgroups. */
function buildCrowd(): { readonly program: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'tscg-crowd-'));
  const program = join(directory, 'crowd');
  execFileSync('gcc', ['-O2', '-o', program, fileURLToPath(new URL('crowd.c', import.meta.url))]);
  return { program, remove: () => rmSync(directory, { recursive: true }) };
}

async function populate(program: string, leaves: readonly string[], { every, work }: Load): Promise<ChildProcess> {
  const crowd = spawnProcess(program, work.map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = leaves.map((path, index) => (every > 0 && index % every === 0 ? `+${path}` : path));
  crowd.stdin.write(`${lines.join('\n')}\n\n`);
  await once(crowd.stdout, 'data');
  return crowd;
}

/** A process that has ended holds its cgroup a little longer. */
async function removeAll(paths: readonly string[]): Promise<void> {
  for (const path of [parent, ...paths].toReversed()) {
    for (;;) {
      try {
        rmdirSync(path);
        break;
      } catch (error) {
        if (!String(error).includes('EBUSY')) throw error;
        await sleep(20);
      }
    }
  }
}

/** From its start to a whole screen with rows, against an empty program; the median of pairs. */
async function firstScreen(): Promise<number> {
  const ratios: number[] = [];
  for (let pair = 0; pair < STARTS; pair++) {
    const start = performance.now();
    const terminal = openTstop(200, 60);
    await terminal.until(showsFrame, 'a Frame');
    const own = performance.now() - start;
    terminal.kill();
    await terminal.ended;
    const empty = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    ratios.push(own / (performance.now() - empty));
  }
  return median(ratios);
}

const PEERS: readonly [name: string, path: string, command: readonly [string, readonly string[]]][] = [
  ['systemd-cgtop', '/usr/bin/systemd-cgtop', cgtop(mount)],
  ['htop', '/usr/bin/htop', ['htop', ['-d', '10']]],
  ['atop', '/usr/bin/atop', ['atop', ['1']]],
  ['below', '/usr/bin/below', ['below', ['live']]],
];

/**
 * One after another: beside others a peer falls behind, makes fewer refreshes and costs the less. tstop is the last: who reads a
 * cgroup's figures spares the next reader a part of the work.
 */
async function compare(report: (name: string, value: string) => void): Promise<void> {
  const costs: ({ readonly name: string } & Awaited<ReturnType<typeof costOf>>)[] = [];
  for (const [name, path, [command, args]] of PEERS)
    if (existsSync(path)) costs.push({ name, ...(await costOf(command, args, PEER_WARM_MS)) });
  const own = await costOfTstop();
  report('tstop', `${own.percent.toFixed(1)} % of one CPU`);
  for (const { name, percent, refreshes } of costs) {
    report(name, `${percent.toFixed(1)} % of one CPU, ${refreshes.toFixed(1)} refreshes a second`);
    report(`tstop / ${name}`, (own.percent / percent).toFixed(2));
  }
  for (const [name, path] of PEERS) if (!existsSync(path)) report(name, 'not installed');
  report('reads a tick', String(own.reads));
  report('RSS', `${own.mebibytes.toFixed(0)} MiB`);
  reportKeys(report, own);
}

/** Measures with a process in each of the leaves. What fails is told, and does not end the others. */
async function measure(load: Load, leaves: readonly string[], where: string): Promise<void> {
  const report = (name: string, value: string): void => console.log(`${name} at ${where}: ${value}`);
  const living = await populate(crowd.program, leaves, load);
  const rest = keepBusy(busyLoad);
  try {
    await compare(report);
    if (load.every !== 0) return;
    report('first screen / node -e 0', (await firstScreen()).toFixed(2));
    rest();
    await compare((name, value) => report(`a machine at rest: ${name}`, value));
  } catch (error) {
    report('failed', error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  } finally {
    rest();
    living.stdin?.end();
    await once(living, 'exit');
  }
}

const busyLoad = compileLoad();
const crowd = buildCrowd();
for (const count of COUNTS) {
  for (const [shape, build] of Object.entries(SHAPES)) {
    const { all, leaves } = build(count);
    mkdirSync(parent);
    for (const path of all) mkdirSync(path);
    try {
      for (const load of LOADS) await measure(load, leaves, `${count} ${load.name} (${shape})`);
    } finally {
      await removeAll(all);
    }
  }
}
crowd.remove();
