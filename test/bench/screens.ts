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
import { openTstop } from '../terminal.ts';
import { median } from './floor.ts';

const PROCESSES_A_CGROUP = 5;
const KEYS = 100;
/** Start-up is not what a refresh costs. */
const WARM_MS = 10_000;
const SECONDS = 15;

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

export async function costOf(command: string, args: readonly string[]): Promise<Cost> {
  const child = spawn(command, [...args], { cols: 200, rows: 60, name: 'xterm-256color' });
  child.onData(() => {});
  const cost = await costOfRunning(child.pid);
  await end(child);
  return cost;
}

export async function costOfRunning(pid: number): Promise<Cost> {
  await sleep(WARM_MS);
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

/** systemd-cgtop looks at /sys/fs/cgroup alone: where cgroup2 lies elsewhere it gets a mount namespace where it does not. */
export function cgtop(mount: string): readonly [string, readonly string[]] {
  const words = ['systemd-cgtop', '-b', '-d', '1', '-n', '100'];
  if (mount === '/sys/fs/cgroup') return [words[0] ?? '', words.slice(1)];
  return ['unshare', ['-m', 'sh', '-c', `mount --bind ${mount} /sys/fs/cgroup && exec ${words.join(' ')}`]];
}

export async function screens(
  mount: string,
  paths: readonly string[],
  report: (name: string, value: string) => void,
): Promise<void> {
  const shell = await crowd(mount, paths);
  try {
    const node = process.execPath;
    const own = {
      tstop: await costOf(node, [dist('tstop')]),
      'tscg ls --watch': await costOf(node, [dist('tscg'), 'ls', '--watch']),
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
      const cost = await costOf(command, args);
      report(name, text(cost));
      for (const [ownName, { percent }] of Object.entries(own)) {
        report(`${ownName} / ${name}`, (percent / cost.percent).toFixed(2));
      }
    }
    await keyTimes(report, own.tstop.drawing);
  } finally {
    shell.stdin?.end('\n');
    await once(shell, 'exit');
  }
}

/** From a key to the screen that shows another selected row. `drawing`: milliseconds a second without keys. */
export async function keyTimes(report: (name: string, value: string) => void, drawing: number): Promise<void> {
  const terminal = openTstop(200, 60);
  const selected = (screen: string): string => / (\S+) {2}(?:\d+ process|reading …)/.exec(screen)?.[1] ?? '';
  try {
    await terminal.until((screen) => selected(screen) !== '', 'a selected row');
    await sleep(WARM_MS);
    const times: number[] = [];
    const [used, began] = [threadsOf(terminal.pid)[0] ?? 0, performance.now()];
    for (let count = 0; count < KEYS; count++) {
      const before = selected(terminal.screen().join('\n'));
      const start = performance.now();
      terminal.type('j');
      await terminal.until((screen) => selected(screen) !== before, 'another selected row');
      times.push(performance.now() - start);
    }
    const seconds = (performance.now() - began) / 1000;
    const frame = ((threadsOf(terminal.pid)[0] ?? 0) - used) / 1e6 - drawing * seconds;
    report('a frame, drawn for a key', `${(frame / KEYS).toFixed(1)} ms of CPU`);
    times.sort((a, b) => a - b);
    report(
      'a key shown',
      `${median(times).toFixed(1)} ms, 95th percentile ${times[Math.floor(KEYS * 0.95)]?.toFixed(1)} ms`,
    );
  } finally {
    terminal.kill();
    await terminal.ended;
  }
}
