/**
 * tstop's memory while cgroups come and go, seven a second with a process in each, and keys are pressed:
 *
 *     node --import tsx test/bench/churn.ts [MINUTES]      default: 60
 *
 * A line a minute, and at the end the last quarter against the second: what leaks goes on growing.
 */

import { spawn as spawnProcess } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import { chooseHierarchy } from '../../src/kernel/hierarchy.ts';
import { median } from './floor.ts';

const MINUTES = Number(process.argv[2] ?? 60);
const SAMPLES_A_MINUTE = 6;
/** Every screen in turn, and the charts and the container's own. */
const KEYS = ['j', '2', 'j', '3', '4', '5', 'k', '6', '7', '8', '9', '1', 'x', '\x1b', '\r', '\x1b', 't', 't'];

const { mount } = chooseHierarchy(readFileSync('/proc/self/mountinfo', 'utf8'));
const parent = `${mount}/tscg-churn-${process.pid}`;
const tstop = spawn(process.execPath, [fileURLToPath(new URL('../../dist/cli/tstop.js', import.meta.url))], {
  cols: 200,
  rows: 60,
  name: 'xterm-256color',
});
tstop.onData(() => {});
tstop.onExit(({ exitCode }) => {
  if (!isOver) throw new Error(`tstop ended with ${exitCode}`);
});
let isOver = false;

/** A cgroup whose only process lives a second to three. */
async function live(path: string, seconds: number): Promise<void> {
  mkdirSync(path);
  const child = spawnProcess('sh', ['-c', 'echo 0 > "$0/cgroup.procs"; exec sleep "$1"', path, String(seconds)], {
    stdio: 'ignore',
  });
  await new Promise((resolve) => child.once('close', resolve));
  for (let tries = 0; tries < 50; tries++) {
    try {
      rmdirSync(path);
      return;
    } catch {
      // Its process is not all gone yet.
      await sleep(100);
    }
  }
}

async function churn(): Promise<number> {
  const lives: Promise<void>[] = [];
  for (let count = 0; !isOver; count++) {
    lives.push(live(`${parent}/${count}`, 1 + (count % 3)));
    await sleep(140);
  }
  await Promise.all(lives);
  return lives.length;
}

async function press(): Promise<void> {
  for (let count = 0; !isOver; count++) {
    tstop.write(KEYS[count % KEYS.length] ?? '');
    await sleep(5000);
  }
}

/** Mebibytes, and open descriptors. */
function look(): { readonly resident: number; readonly descriptors: number } {
  const status = readFileSync(`/proc/${tstop.pid}/status`, 'utf8');
  const resident = Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1]) / 1024;
  return { resident, descriptors: readdirSync(`/proc/${tstop.pid}/fd`).length };
}

mkdirSync(parent);
const churning = churn();
const pressing = press();
const medians: number[] = [];
for (let minute = 1; minute <= MINUTES; minute++) {
  const residents: number[] = [];
  for (let sample = 0; sample < SAMPLES_A_MINUTE; sample++) {
    await sleep(60_000 / SAMPLES_A_MINUTE);
    residents.push(look().resident);
  }
  medians.push(median(residents));
  console.log(`minute ${minute}: ${medians.at(-1)?.toFixed(1)} MiB, ${look().descriptors} descriptors`);
}
isOver = true;
tstop.kill('SIGKILL');
const made = await churning;
await pressing;
rmdirSync(parent);
const quarter = (from: number): number =>
  median(medians.slice(Math.floor((MINUTES * from) / 4), Math.ceil((MINUTES * (from + 1)) / 4)));
console.log(
  `${made} cgroups came and went; last quarter of the time / second: ${(quarter(3) / quarter(1)).toFixed(3)}`,
);
