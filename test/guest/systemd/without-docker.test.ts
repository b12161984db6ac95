/** A runtime that hangs or ends: everything else keeps its pace. Last of all files, as it leaves no docker behind. */

import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TSCG } from '../../boxes.ts';
import { follow, type Row, shows } from './frames.ts';
import { startDocker, startPodman } from './workloads.mjs';

const exec = promisify(execFile);

test('a docker that accepts and never answers, and one that ends, cost nobody else anything', async () => {
  await startDocker('fleeting', { flags: ['--stop-signal=KILL'] });
  await startPodman('steady');
  const frames = follow();
  const docker = Number(execFileSync('systemctl', ['show', '-P', 'MainPID', 'docker']));
  process.kill(docker, 'SIGSTOP');
  const resume = (): unknown => existsSync(`/proc/${docker}`) && process.kill(docker, 'SIGCONT');
  try {
    // Known from disk though the API hangs; and frame after frame comes.
    const both = (rows: readonly Row[]) => shows('fleeting')(rows) && shows('steady')(rows);
    await frames.until(both);
    for (let count = 0; count < 6; count++) assert.ok(both(await frames.next()));
    const { stdout } = await exec(process.execPath, [TSCG, 'doctor']);
    assert.match(stdout, /warning +docker/);
    resume();
    await frames.while(exec('systemctl', ['stop', 'docker.socket', 'docker.service']));
    await frames.until((rows) => !shows('fleeting')(rows));
    for (let count = 0; count < 4; count++) assert.ok(shows('steady')(await frames.next()));
  } finally {
    resume();
    await frames.stop();
  }
});

test.run();
