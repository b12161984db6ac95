/** Names as containers come and go. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openTstop } from '../../terminal.ts';
import { follow, shows } from './frames.ts';
import { startDocker, startPodman } from './workloads.mjs';

const exec = promisify(execFile);

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

test.run();
