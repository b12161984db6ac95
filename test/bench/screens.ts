/**
 * tstop beside htop and systemd-cgtop, each for itself in a terminal of 200x60 that refreshes every second, with five
 * processes in each of the cgroups; and how long tstop takes from a key to the screen.
 */

import { type ChildProcess, spawn as spawnProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type IPty, spawn } from '@lydell/node-pty';
import { threadsOf } from '../cpu-time.ts';
import { openTstop, type Terminal } from '../terminal.ts';
import { median } from './floor.ts';

const PROCESSES_A_CGROUP = 5;
const KEYS = 100;
/**
 * Start-up is not what a refresh costs. tstop reads each row once in the first ten seconds, and V8 compiles for some thirty more
 * what runs often; its peers do all in every refresh.
 */
const WARM_MS = 45_000;
export const PEER_WARM_MS = 3000;
const SECONDS = 10;

export const dist = (name: string): string => fileURLToPath(new URL(`../../dist/cli/${name}.js`, import.meta.url));

/** One shell moves on from cgroup to cgroup and leaves sleepers behind. */
const CROWD = `
for directory; do
  echo $$ > "$directory/cgroup.procs"
  for each in $(seq ${PROCESSES_A_CGROUP}); do sleep 1d & done
done
echo $$ > "$HOME_CGROUP/cgroup.procs"
echo ready
read line
kill $(jobs -p)
wait
`;

async function crowd(mount: string, paths: readonly string[]): Promise<ChildProcess> {
  const [, home = '/'] = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? [];
  const shell = spawnProcess('bash', ['-c', CROWD, 'crowd', ...paths.map((path) => mount + path)], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, HOME_CGROUP: mount + home },
  });
  if (shell.stdout) await once(shell.stdout, 'data');
  return shell;
}

export interface Cost {
  /** CPU of all threads, in percent of one CPU. */
  readonly percent: number;
  /** Milliseconds a second of the first thread, which draws. */
  readonly drawing: number;
  readonly mebibytes: number;
}

/** Milliseconds without output, after which more of it is the next refresh. */
const PAUSE_MS = 150;

/** `refreshes`: how many it made in a second. One that falls behind makes fewer, and costs the less. */
export async function costOf(
  command: string,
  args: readonly string[],
  warmMs = WARM_MS,
): Promise<Cost & { readonly refreshes: number }> {
  const child = spawn(command, [...args], { cols: 200, rows: 60, name: 'xterm-256color' });
  const refreshes: number[] = [];
  let written = Number.NEGATIVE_INFINITY;
  child.onData(() => {
    const now = performance.now();
    if (now - written > PAUSE_MS) refreshes.push(now);
    written = now;
  });
  try {
    const cost = await costOfRunning(child.pid, warmMs);
    const since = performance.now() - SECONDS * 1000;
    return { ...cost, refreshes: refreshes.filter((at) => at >= since).length / SECONDS };
  } finally {
    await end(child);
  }
}

async function costOfRunning(pid: number, warmMs: number): Promise<Cost> {
  await sleep(warmMs);
  const [before, start] = [threadsOf(pid), performance.now()];
  await sleep(SECONDS * 1000);
  const after = threadsOf(pid);
  const seconds = (performance.now() - start) / 1000;
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  return {
    percent: (sum(after) - sum(before)) / 1e7 / seconds,
    drawing: ((after[0] ?? 0) - (before[0] ?? 0)) / 1e6 / seconds,
    mebibytes: Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]) / 1024,
  };
}

function end(child: IPty): Promise<void> {
  const ended = new Promise<void>((resolve) => child.onExit(() => resolve()));
  child.kill('SIGKILL');
  return ended;
}

/**
 * It goes as deep as tstop. systemd-cgtop looks at /sys/fs/cgroup alone: where cgroup2 lies elsewhere it gets a mount namespace where
 * it does not.
 */
export function cgtop(mount: string): readonly [string, readonly string[]] {
  const words = ['systemd-cgtop', '-b', '-d', '1', '-n', '100', '--depth=100'];
  if (mount === '/sys/fs/cgroup') return [words[0] ?? '', words.slice(1)];
  return ['unshare', ['-m', 'sh', '-c', `mount --bind ${mount} /sys/fs/cgroup && exec ${words.join(' ')}`]];
}

export interface TstopCost extends Cost {
  readonly reads: number;
  /** Milliseconds of CPU of a frame that is drawn for a key. */
  readonly frame: number;
  /** Milliseconds from a key to the screen that shows another selected row, the shortest first. */
  readonly keys: readonly number[];
}

/** Whether the screen shows a Frame from its first line to the last one of the table. */
export const showsFrame = (screen: string): boolean => / \d+ reads /.test(screen) && /^Σ \d+ row/m.test(screen);

/** tstop's cost while nobody touches it, and then what keys take. */
export async function costOfTstop(): Promise<TstopCost> {
  const terminal = openTstop(200, 60);
  try {
    await terminal.until(showsFrame, 'a Frame');
    const cost = await costOfRunning(terminal.pid, WARM_MS);
    const reads = Number(/ (\d+) reads /.exec(terminal.screen().join('\n'))?.[1]);
    return { ...cost, reads, ...(await keyTimes(terminal, cost.drawing)) };
  } finally {
    terminal.kill();
    await terminal.ended;
  }
}

/** The path of the selected row, from the title of the pane of its processes: names may be alike, as those of containers of pods. */
const selectedPath = (screen: string): string => / {2}(?:\d+ process\S*|reading …) {2}(\/\S*)/.exec(screen)?.[1] ?? '';

/** `drawing`: milliseconds a second without keys. */
async function keyTimes(terminal: Terminal, drawing: number): Promise<Pick<TstopCost, 'frame' | 'keys'>> {
  const keys: number[] = [];
  const [used, began] = [threadsOf(terminal.pid)[0] ?? 0, performance.now()];
  for (let count = 0; count < KEYS; count++) {
    const before = selectedPath(terminal.screen().join('\n'));
    const start = performance.now();
    terminal.type('j');
    await terminal.until((screen) => selectedPath(screen) !== before, 'another selected row');
    keys.push(performance.now() - start);
  }
  const seconds = (performance.now() - began) / 1000;
  const spent = ((threadsOf(terminal.pid)[0] ?? 0) - used) / 1e6 - drawing * seconds;
  return { frame: spent / KEYS, keys: keys.sort((a, b) => a - b) };
}

export function reportKeys(report: (name: string, value: string) => void, { frame, keys }: TstopCost): void {
  report('a frame, drawn for a key', `${frame.toFixed(1)} ms of CPU`);
  const late = keys[Math.floor(KEYS * 0.95)];
  report('a key shown', `${median(keys).toFixed(1)} ms, 95th percentile ${late?.toFixed(1)} ms`);
}

export async function screens(
  mount: string,
  paths: readonly string[],
  report: (name: string, value: string) => void,
): Promise<void> {
  const shell = await crowd(mount, paths);
  try {
    const own = {
      tstop: await costOfTstop(),
      'tscg ls --watch': await costOf(process.execPath, [dist('tscg'), 'ls', '--watch']),
    };
    const text = ({ percent, mebibytes }: Cost): string =>
      `${percent.toFixed(1)} % of one CPU at 1 s, ${mebibytes.toFixed(0)} MiB`;
    for (const [name, cost] of Object.entries(own)) report(name, text(cost));
    report(
      'tstop, the thread that draws',
      `${own.tstop.drawing.toFixed(1)} ms of CPU a second, samples and their history included`,
    );
    const peers: readonly [string, string, readonly [string, readonly string[]]][] = [
      ['systemd-cgtop -b', '/usr/bin/systemd-cgtop', cgtop(mount)],
      ['htop', '/usr/bin/htop', ['htop', ['-d', '10']]],
    ];
    for (const [name, path, [command, args]] of peers) {
      if (!existsSync(path)) {
        report(name, 'not installed');
        continue;
      }
      const cost = await costOf(command, args, PEER_WARM_MS);
      report(name, text(cost));
      for (const [ownName, { percent }] of Object.entries(own)) {
        report(`${ownName} / ${name}`, (percent / cost.percent).toFixed(2));
      }
    }
    reportKeys(report, own.tstop);
  } finally {
    shell.stdin?.end('\n');
    await once(shell, 'exit');
  }
}
