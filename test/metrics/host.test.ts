/** The host's own figures: from the kernel's files as text, and from this machine's beside a reading by hand. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createHostReader } from '../../src/metrics/host.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const PROC = {
  stat: `cpu  300 0 0 900 0 0 0 0 0 0
cpu0 100 0 0 200 0 0 0 0 0 0
cpu1 20 0 0 280 0 0 0 0 0 0
cpu2 80 0 0 220 0 0 0 0 0 0
cpu3 100 0 0 200 0 0 0 0 0 0
`,
  vmstat: 'nr_free_pages 1\noom_kill 3\n',
  'self/statm': '100 70 30 1 0 20 0\n',
};

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** Of a mount that has these files. */
async function readAt(files: Readonly<Record<string, string>>) {
  const reader = createHostReader({ proc: folderOf(PROC), mount: folderOf(files), pageSize: 4096 });
  const snapshot = await reader.read();
  reader.close();
  return snapshot;
}

test('case 11: in a container the host is the CPUs that its cpuset has', async () => {
  const inside = await readAt({ 'cgroup.events': 'populated 1\n', 'cpuset.cpus.effective': '1-2\n' });
  assert.equal([inside.cpus, inside.cpuBusyTicks, inside.cpuTotalTicks], [2, 100, 600]);
  const without = await readAt({ 'cgroup.events': 'populated 1\n' });
  assert.equal([without.cpus, without.cpuBusyTicks, without.cpuTotalTicks], [4, 300, 1200]);
});

test('on the host itself it is all of them, also what a partition has', async () => {
  const { cpus, cpuBusyTicks, oomKills } = await readAt({ 'cpuset.cpus.effective': '0\n' });
  assert.equal([cpus, cpuBusyTicks, oomKills], [4, 300, 3]);
});

test('what is charged to no cgroup is told of the whole machine, and not in a container', async () => {
  const proc = folderOf({ ...PROC, stat: 'cpu  300 0 0 900 0 5 7 8 0 0\n' });
  for (const [files, usec] of [
    [{}, 200_000],
    [{ 'cgroup.events': 'populated 1\n' }, Number.NaN],
  ] as const) {
    const reader = createHostReader({ proc, mount: folderOf(files), pageSize: 4096 });
    await reader.read();
    assert.equal(reader.uncharged(), usec);
    reader.close();
  }
});

test('what the kernel does not tell is unavailable', async () => {
  const { memoryTotal, load, pressure, own } = await readAt({});
  assert.equal([memoryTotal, ...load], Array(4).fill(Number.NaN));
  assert.equal(pressure, { cpu: {}, memory: {}, io: {} });
  assert.is(own.rss, 70 * 4096);
});

/** What grows or stands still in /proc, read by path and taken apart anew. */
function byHand() {
  const text = (name: string): string => readFileSync(`/proc/${name}`, 'utf8');
  const number = (name: string, pattern: RegExp): number => Number(pattern.exec(text(name))?.[1] ?? Number.NaN);
  const ticks = (text('stat').split('\n')[0] ?? '').split(/ +/).slice(1, 9).map(Number);
  return {
    cpuTotalTicks: ticks.reduce((sum, tick) => sum + tick, 0),
    memoryTotal: number('meminfo', /^MemTotal: +(\d+) kB$/m) * 1024,
    swapTotal: number('meminfo', /^SwapTotal: +(\d+) kB$/m) * 1024,
    oomKills: number('vmstat', /^oom_kill (\d+)$/m),
    cpuWaitUsec: number('pressure/cpu', /^some .* total=(\d+)$/m),
    memoryWaitUsec: number('pressure/memory', /^full .* total=(\d+)$/m),
    ioWaitUsec: number('pressure/io', /^some .* total=(\d+)$/m),
  };
}

test('this machine: each reading lies between two by hand', async () => {
  const pageSize = Number(execFileSync('getconf', ['PAGESIZE']));
  const reader = createHostReader({ proc: '/proc', mount: temporaryFolder(), pageSize });
  for (let count = 0; count < 3; count++) {
    const before = byHand();
    const { pressure, own, memoryAvailable, load, ...snapshot } = await reader.read();
    const after = byHand();
    const found = {
      ...snapshot,
      cpuWaitUsec: pressure.cpu.some?.total ?? Number.NaN,
      memoryWaitUsec: pressure.memory.full?.total ?? Number.NaN,
      ioWaitUsec: pressure.io.some?.total ?? Number.NaN,
    };
    // A CPU that rests may have its ticks counted late.
    assert.ok(
      Math.abs(found.cpuTotalTicks - after.cpuTotalTicks) < 100 * (1 + found.cpus),
      `${found.cpuTotalTicks} ticks`,
    );
    for (const key of ['memoryTotal', 'swapTotal', 'oomKills'] as const)
      assert.ok(before[key] <= found[key] && found[key] <= after[key], `${key} ${found[key]}`);
    // PSI may be off.
    for (const key of ['cpuWaitUsec', 'memoryWaitUsec', 'ioWaitUsec'] as const)
      assert.not(before[key] > found[key] || found[key] > after[key], `${key} ${found[key]}`);
    assert.ok(memoryAvailable > 0 && memoryAvailable <= after.memoryTotal);
    assert.ok(load.every((average) => average >= 0));
    assert.ok(Math.abs(own.rss / process.memoryUsage.rss() - 1) < 0.5, String(own.rss));
  }
  reader.close();
});

test.run();
