/** Policies where systemd owns the cgroups: its own names as keys, and its own defaults left out of a snapshot. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tscg } from '../../boxes.ts';
import { startService } from './workloads.mjs';

const shown = (property: string, unit: string): string =>
  execFileSync('systemctl', ['show', '-P', property, unit], { encoding: 'utf8' }).trim();

test("systemd's names in a policy are systemd's properties", async () => {
  await startService('named');
  const folder = mkdtempSync(join(tmpdir(), 'tscg-policy-'));
  try {
    const file = join(folder, 'p.yaml');
    const limits = '{ CPUQuota: 20%, MemoryMax: 64M, TasksMax: 77 }';
    writeFileSync(file, `version: 1\nrules:\n  - match: { name: named }\n    limits: ${limits}\n`);
    const { status, stderr } = tscg('apply', file);
    assert.is(status, 0, stderr);
    assert.equal(
      ['CPUQuotaPerSecUSec', 'MemoryMax', 'TasksMax'].map((property) => shown(property, 'named.service')),
      ['200ms', String(64 * 2 ** 20), '77'],
    );
    assert.is(tscg('undo').status, 0);
    assert.is(shown('MemoryMax', 'named.service'), 'infinity');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a snapshot says the TasksMax that somebody set, and not the one that every unit has', async () => {
  await startService('usual');
  await startService('special', { properties: { TasksMax: '77' } });
  assert.is.not(shown('TasksMax', 'usual.service'), 'infinity');
  const { status, stdout, stderr } = tscg('snapshot');
  assert.is(status, 0, stderr);
  assert.match(stdout, /name: special\.service\n +kind: unit\n +limits:\n +pids: 77\n/);
  assert.not.match(stdout, /usual/);
  // Others have limits that somebody set (podman's containers, nspawn's machines), but none the default.
  const usual = execFileSync('systemctl', ['show', '-P', 'DefaultTasksMax'], { encoding: 'utf8' }).trim();
  assert.match(usual, /^\d+$/);
  assert.not.match(stdout, new RegExp(`pids: ${usual}$`, 'm'));
});

test.run();
