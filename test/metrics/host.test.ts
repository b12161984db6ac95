/** The host's own figures, from the kernel's files as text. */

import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createHostReader } from '../../src/metrics/host.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const STAT = `cpu  300 0 0 900 0 0 0 0 0 0
cpu0 100 0 0 200 0 0 0 0 0 0
cpu1 20 0 0 280 0 0 0 0 0 0
cpu2 80 0 0 220 0 0 0 0 0 0
cpu3 100 0 0 200 0 0 0 0 0 0
`;

/** Of a mount that has these files. */
async function readAt(files: Readonly<Record<string, string>>) {
  const mount = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(mount, name), text);
  const texts: Readonly<Record<string, string>> = { stat: STAT, vmstat: 'nr_free_pages 1\noom_kill 3\n', ...files };
  const readFiles = async (paths: readonly string[]) => paths.map((path) => texts[basename(path)] ?? 2);
  return await createHostReader({ proc: '/proc', mount, readFiles }).read();
}

test('case 11: in a container the host is the CPUs that its cpuset has', async () => {
  const inside = await readAt({ 'cgroup.events': 'populated 1\n', 'cpuset.cpus.effective': '1-2\n' });
  assert.equal([inside.cpus, inside.cpuBusyTicks, inside.cpuTotalTicks], [2, 100, 600]);
  const without = await readAt({ 'cgroup.events': 'populated 1\n' });
  assert.equal([without.cpus, without.cpuBusyTicks, without.cpuTotalTicks], [4, 300, 1200]);
});

test('on the host itself it is all of them, also what a partition has', async () => {
  const { cpus, cpuBusyTicks, oomKills, memoryTotal } = await readAt({ 'cpuset.cpus.effective': '0\n' });
  assert.equal([cpus, cpuBusyTicks, oomKills, memoryTotal], [4, 300, 3, Number.NaN]);
});

test.run();
