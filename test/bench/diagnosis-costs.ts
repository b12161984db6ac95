/**
 * What the diagnosis costs, beside its limits: a look at 2,000 cgroups, the verdict column of tstop at 1,000, and the eBPF program
 * at 40,000 switches a second. By itself, on a quiet machine: node --import tsx test/bench/diagnosis-costs.ts
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { takeLook } from '../../src/diagnosis/look/take.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { parentOf } from '../../src/kernel/cgroup-path.ts';
import { chooseHierarchy } from '../../src/kernel/hierarchy.ts';
import { openWaits } from '../../src/kernel/waits-bpf.ts';
import { makeCgroups, median } from './floor.ts';
import { costOf } from './screens.ts';

export type Report = (name: string, value: string) => void;

const LOOKED_AT = 2000;
const LOOKS = 5;
const LOOK_SECONDS = 5;
const ROWS = 1000;
const PAIRS = 3;
const SWITCHES = 40_000;
const SWITCH_SECONDS = 5;

const TSTOP = fileURLToPath(new URL('../../dist/cli/tstop.js', import.meta.url));

const workloadsAt = (mount: string, paths: readonly string[]): Workload[] =>
  paths.map((path) => ({ path, inode: statSync(mount + path).ino, name: path, kind: 'cgroup' }));

/** A process that begins in the cgroup. */
async function runIn(directory: string, ...command: readonly string[]): Promise<void> {
  const child = spawn('/bin/sh', ['-c', 'echo 0 > "$0/cgroup.procs"; echo in; exec "$@"', directory, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout) await once(child.stdout, 'data');
  child.stdout?.resume();
  child.unref();
}

/** Ends all that runs in the cgroup, and waits until none of it is left there. */
async function emptied(directory: string): Promise<void> {
  writeFileSync(join(directory, 'cgroup.kill'), '1');
  while (readFileSync(join(directory, 'cgroup.events'), 'utf8').includes('populated 1')) await sleep(20);
}

/** The cost of a look by kernel files alone, at a busy victim among many cgroups that do nothing. */
async function lookCost(mount: string, report: Report): Promise<void> {
  const cgroups = makeCgroups(mount, LOOKED_AT);
  const [path = ''] = cgroups.paths;
  await runIn(mount + path, '/bin/sh', '-c', 'while :; do :; done');
  try {
    const workloads = workloadsAt(mount, [parentOf(path), ...cgroups.paths]);
    const victims = workloads.filter((workload) => workload.path === path);
    const costs: number[] = [];
    for (let count = 0; count < LOOKS; count++) {
      const look = await takeLook({ hierarchy: { mount, root: '/' }, workloads, victims, seconds: LOOK_SECONDS });
      costs.push(look.costPercent);
    }
    report(`a look at ${LOOKED_AT} cgroups`, `${median(costs).toFixed(1)} % of a CPU (limit 10 %)`);
  } finally {
    await emptied(mount + path);
    cgroups.remove();
  }
}

const SCREEN = (columns: readonly string[]): string =>
  ['title: Bench', 'sort: cpu_percent', `columns: [${columns.join(', ')}]`, ''].join('\n');
const COLUMNS = [
  'cpu_percent',
  'psi_cpu_some_percent',
  'psi_memory_some_percent',
  'psi_io_some_percent',
  'memory_bytes',
];

/** The same screen with the verdict and without, in turn: what is not shown is not computed. */
async function verdictCost(mount: string, report: Report): Promise<void> {
  const cgroups = makeCgroups(mount, ROWS);
  const directory = mkdtempSync(join(tmpdir(), 'tscg-bench-'));
  const cost = async (name: string, columns: readonly string[]): Promise<number> => {
    const file = join(directory, `${name}.yaml`);
    writeFileSync(file, SCREEN(columns));
    return (await costOf(process.execPath, [TSTOP, '--no-looks', '--dashboard', file])).percent;
  };
  try {
    const ratios: number[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      const without = await cost('without', COLUMNS);
      ratios.push((await cost('with', ['verdict', ...COLUMNS])) / without);
    }
    const more = (median(ratios) - 1) * 100;
    report(`verdicts of ${ROWS} rows in tstop`, `${more.toFixed(1)} % more CPU (limit 10 %)`);
  } finally {
    rmSync(directory, { recursive: true });
    cgroups.remove();
  }
}

/** Two processes that wake each other through pipes, on one CPU. */
const PING_PONG = `
import os
a, b = os.pipe(), os.pipe()
os.sched_setaffinity(0, {0})
if os.fork():
    while True:
        os.write(a[1], b'x'); os.read(b[0], 1)
else:
    while True:
        os.read(a[0], 1); os.write(b[1], b'x')
`;

const STATS = '/proc/sys/kernel/bpf_stats_enabled';

/** Nanoseconds that the eBPF programs of this process have run, and how many there are. */
function programs(): { readonly ns: number; readonly count: number } {
  const infos = readdirSync('/proc/self/fdinfo').flatMap((fd) => {
    try {
      const text = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8');
      const ns = /^run_time_ns:\s*(\d+)$/m.exec(text)?.[1];
      return ns === undefined ? [] : [Number(ns)];
    } catch {
      return [];
    }
  });
  return { ns: infos.reduce((sum, ns) => sum + ns, 0), count: infos.length };
}

const switches = (): number => Number(/^ctxt (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]);

/** What the programs ran for, as the kernel counts it, for each switch of the whole machine. */
async function bpfCost(mount: string, report: Report): Promise<void> {
  const name = `eBPF at ${SWITCHES} switches a second`;
  const opened = await openWaits();
  if (!opened.waits) return report(name, `not measured: ${opened.reason}`);
  const before = readFileSync(STATS, 'utf8');
  const cgroups = makeCgroups(mount, 1);
  const [path = ''] = cgroups.paths;
  await runIn(mount + path, 'python3', '-c', PING_PONG);
  try {
    writeFileSync(STATS, '1');
    opened.waits.watch([statSync(mount + path).ino]);
    const [ran, count, began] = [programs(), switches(), performance.now()];
    await sleep(SWITCH_SECONDS * 1000);
    const ns = programs().ns - ran.ns;
    const counted = switches() - count;
    const rate = counted / ((performance.now() - began) / 1000);
    const percent = ((ns / counted) * SWITCHES) / 1e7;
    report(
      name,
      `${percent.toFixed(2)} % of a CPU (limit 2 %), from ${(ns / counted).toFixed(0)} ns a switch at ${rate.toFixed(0)} a second`,
    );
    opened.waits.close();
    report('eBPF programs that are left while off', String(programs().count));
  } finally {
    writeFileSync(STATS, before);
    await emptied(mount + path);
    cgroups.remove();
  }
}

export async function diagnosisCosts(mount: string, report: Report): Promise<void> {
  await lookCost(mount, report);
  await bpfCost(mount, report);
  await verdictCost(mount, report);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { mount } = chooseHierarchy(readFileSync('/proc/self/mountinfo', 'utf8'));
  await diagnosisCosts(mount, (name, value) => console.log(`${name}: ${value}`));
}
