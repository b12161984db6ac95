/** Names as containers come and go, and while a runtime hangs: everything else keeps its pace. */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TSCG } from '../../boxes.ts';
import { openTstop } from '../../terminal.ts';
import { startDocker, startPodman } from './workloads.mjs';

const exec = promisify(execFile);

interface Row {
  readonly name: string;
  readonly kind: string;
}

const isRow = (value: unknown): value is Row =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' && 'kind' in value;

/** Frames of `tscg ls --watch`. */
function follow() {
  const child = spawn(process.execPath, [TSCG, 'ls', '--watch', '--json', '--delay', '0.5', '--columns', 'cpu'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<readonly Row[]> => {
    const { value } = await lines.next();
    const rows: unknown = JSON.parse(String(value));
    return Array.isArray(rows) ? rows.filter(isRow) : [];
  };
  return {
    next,
    /** Frames of that time tell nothing. */
    while: async (work: Promise<unknown>): Promise<void> => {
      let isDone = false;
      const done = work.then(() => {
        isDone = true;
      });
      while (!isDone) await next();
      await done;
    },
    /** Frames until it holds. */
    until: async (holds: (rows: readonly Row[]) => boolean): Promise<number> => {
      for (let count = 1; count < 200; count++) if (holds(await next())) return count;
      throw new Error('it never came');
    },
    stop: async () => {
      child.kill('SIGINT');
      await once(child, 'exit');
    },
  };
}

const shows = (name: string) => (rows: readonly Row[]) =>
  rows.some((row) => row.name === name && row.kind === 'container');

const IMAGE = 'docker.io/library/busybox:latest';

/** Resolved as soon as the engine says that it runs. */
const startOf = (engine: string, name: string) =>
  exec(engine, ['run', '-d', '--network', 'none', '--name', name, IMAGE, 'sleep', '100000']);

/** At once: a shell's `sleep` ignores what podman would wait 10 s for. */
const removalOf = (engine: string, name: string) =>
  exec(engine, ['rm', '-f', ...(engine === 'podman' ? ['-t', '0'] : []), name]);

test('docker beside podman: a container has its name as soon as its engine says that it runs, and goes with it', async () => {
  await Promise.all([startDocker('docker-first'), startPodman('podman-first')]);
  const frames = follow();
  try {
    await frames.until((rows) => shows('docker-first')(rows) && shows('podman-first')(rows));
    for (const engine of ['docker', 'podman']) {
      const name = `${engine}-second`;
      await frames.while(startOf(engine, name));
      const named = await frames.until(shows(name));
      assert.ok(named <= 2, `${engine}: ${named} frames until it is named`);
      await frames.while(removalOf(engine, name));
      const gone = await frames.until((rows) => !shows(name)(rows));
      assert.ok(gone <= 2, `${engine}: ${gone} frames until it is gone`);
    }
  } finally {
    await frames.stop();
  }
});

test('tstop shows the name of a container that starts while it runs, and takes its row away with it', async () => {
  const terminal = openTstop(200, 60, ['-d', '0.5']);
  try {
    await terminal.until(
      (text) => text.includes('docker-first') && text.includes('podman-first'),
      'what runs',
      120_000,
    );
    for (const engine of ['docker', 'podman']) {
      const name = `${engine}-late`;
      await startOf(engine, name);
      const up = performance.now();
      await terminal.until((text) => text.includes(name), name);
      const seen = performance.now();
      await removalOf(engine, name);
      const removed = performance.now();
      // The table alone: the events tell of it for longer.
      await terminal.until((text) => !new RegExp(`^.{0,4}${name}`, 'm').test(text), `${name} gone`);
      const [named, gone] = [seen - up, performance.now() - removed].map((time) => `${time.toFixed(0)} ms`);
      console.log(`${engine}: named ${named} after it ran, gone ${gone} after it was removed`);
    }
  } finally {
    terminal.kill();
  }
});

test('a docker that accepts and never answers, and one that ends, cost nobody else anything', async () => {
  const frames = follow();
  const docker = Number(execFileSync('systemctl', ['show', '-P', 'MainPID', 'docker']));
  process.kill(docker, 'SIGSTOP');
  const resume = (): unknown => existsSync(`/proc/${docker}`) && process.kill(docker, 'SIGCONT');
  try {
    // Known from disk though the API hangs; and frame after frame comes.
    const both = (rows: readonly Row[]) => shows('docker-first')(rows) && shows('podman-first')(rows);
    await frames.until(both);
    for (let count = 0; count < 6; count++) assert.ok(both(await frames.next()));
    const { stdout } = await exec(process.execPath, [TSCG, 'doctor']);
    assert.match(stdout, /warning +docker/);
    resume();
    await frames.while(exec('systemctl', ['stop', 'docker.socket', 'docker.service']));
    await frames.until((rows) => !shows('docker-first')(rows));
    for (let count = 0; count < 4; count++) assert.ok(shows('podman-first')(await frames.next()));
  } finally {
    resume();
    await frames.stop();
  }
});

test.run();
