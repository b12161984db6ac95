/** The sampler over a collector in memory: what is read when, what is carried over, and who is who. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Collector, type Columns, PRESENT, REMOVED } from '../../src/kernel/collector.ts';
import { CGROUP_FILES, column, FILE_OF_COLUMN } from '../../src/metrics/files.ts';
import { createSampler } from '../../src/metrics/sampler.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { HOST, unreadColumns } from './snapshots.ts';

interface FakeCgroup {
  inode: number;
  figures: Record<string, number>;
}

/** Cgroups by path; every pass is remembered. */
function fakeCollector(cgroups: Map<string, FakeCgroup>) {
  const followed = new Map<number, { path: string; inode: number | undefined }>();
  const passes: { path: string; files: string[] }[][] = [];
  let next = 1;
  let clock = 0;
  const collector: Collector = {
    kind: 'fallback',
    add: (path) => {
      followed.set(next, { path, inode: cgroups.get(path)?.inode });
      return next++;
    },
    remove: (id) => void followed.delete(id),
    skip: () => {},
    collect: async ({ ids, masks }): Promise<Columns> => {
      clock += 1000.03;
      const rows = ids.length;
      const columns = unreadColumns(rows);
      passes.push(
        [...ids].map((id, row) => {
          const { path = '', inode } = followed.get(id) ?? {};
          const cgroup = cgroups.get(path);
          columns.states[row] = cgroup && cgroup.inode === inode ? PRESENT : REMOVED;
          columns.inodes[row] = inode ?? Number.NaN;
          const files = CGROUP_FILES.filter((_, file) => ((masks[row] ?? 0) >> file) & 1).map(({ file }) => file);
          for (const file of files) {
            const index = CGROUP_FILES.findIndex((spec) => spec.file === file);
            columns.errors[index * rows + row] = 0;
            columns.times[index * rows + row] = clock;
          }
          for (const [ref, value] of Object.entries(cgroup?.figures ?? {})) {
            const at = column(ref);
            if (files.includes(CGROUP_FILES[FILE_OF_COLUMN[at] ?? 0]?.file ?? ''))
              columns.values[at * rows + row] = value;
          }
          return { path, files };
        }),
      );
      return columns;
    },
    descriptors: () => ({ files: followed.size, directories: 0 }),
    close: () => {},
  };
  return { collector, passes, followed };
}

const host = { read: async () => HOST };

const rowsOf = (cgroups: Map<string, FakeCgroup>) => [...cgroups].map(([path, { inode }]) => ({ path, inode }));

const filesOf = (pass: readonly { path: string; files: string[] }[] | undefined, path: string) =>
  pass?.filter((row) => row.path === path).flatMap(({ files }) => files) ?? [];

test('costly files are read for visible rows each tick and for the others in turn; limits when written', async () => {
  const cgroups = new Map<string, FakeCgroup>([
    ['/', { inode: 1, figures: {} }],
    ['/seen', { inode: 2, figures: { 'memory.stat:anon': 5, 'memory.max:value': 10 } }],
    ['/unseen', { inode: 3, figures: { 'memory.stat:anon': 7 } }],
  ]);
  const { collector, passes } = fakeCollector(cgroups);
  let now = 0;
  const sampler = createSampler({ collector, host, turnMs: 10_000, clock: () => (now += 1000), cpus: 1 });
  const tick = (touched: number[] = []) =>
    sampler.tick({ rows: rowsOf(cgroups), visible: new Set([2]), touched: new Set(touched) });
  await tick();
  assert.ok(filesOf(passes.flat(), '/unseen').includes('memory.stat'), 'a new row is read whole');
  passes.length = 0;
  for (let count = 0; count < 10; count++) await tick();
  const later = [...passes];
  assert.ok(later.every((pass) => filesOf(pass, '/seen').includes('memory.stat')));
  assert.is(later.filter((pass) => filesOf(pass, '/unseen').includes('memory.stat')).length, 1);
  assert.is(later.filter((pass) => filesOf(pass, '/seen').includes('memory.max')).length, 1);
  assert.ok(later.every((pass) => filesOf(pass, '/').includes('cgroup.stat')));
  await tick([2]);
  assert.ok(filesOf(passes.at(-1), '/seen').includes('memory.max'));
});

test('pids.events is read in each round of turns, however many cgroups there are', async () => {
  const paths = ['/', ...Array.from({ length: 3000 }, (_, child) => `/${child}`)];
  const cgroups = new Map<string, FakeCgroup>(paths.map((path, index) => [path, { inode: index + 1, figures: {} }]));
  const { collector, passes } = fakeCollector(cgroups);
  let now = 0;
  const sampler = createSampler({ collector, host, turnMs: 10_000, clock: () => (now += 1000), cpus: 1 });
  const rows = rowsOf(cgroups);
  for (let count = 0; count < 20; count++) await sampler.tick({ rows, visible: new Set(), touched: new Set() });
  passes.length = 0;
  for (let count = 0; count < 11; count++) await sampler.tick({ rows, visible: new Set(), touched: new Set() });
  const read = passes.flat().filter(({ files }) => files.includes('pids.events'));
  assert.is(new Set(read.map(({ path }) => path)).size, paths.length);
});

test('the network is read of the visible rows and of those that are asked for besides', async () => {
  const cgroups = new Map(['/a', '/b', '/c'].map((path, index) => [path, { inode: index + 1, figures: {} }]));
  const asked: string[][] = [];
  const network = {
    read: async (rows: readonly { path: string }[]) => {
      asked.push(rows.map(({ path }) => path));
      return [];
    },
  };
  const sampler = createSampler({ collector: fakeCollector(cgroups).collector, host, network, cpus: 1 });
  const rows = rowsOf(cgroups);
  for (const demand of [{ visible: new Set([1]) }, { visible: new Set([1]), network: new Set([3]) }, {}]) {
    await sampler.tick({ rows, ...demand });
  }
  assert.equal(asked, [['/a'], ['/a', '/c'], ['/a', '/b', '/c']]);
});

test('what a tick does not read keeps its value', async () => {
  const cgroups = new Map([['/a', { inode: 2, figures: { 'memory.max:value': 10, 'memory.current:value': 3 } }]]);
  const { collector } = fakeCollector(cgroups);
  const sampler = createSampler({ collector, host, cpus: 1 });
  await sampler.tick({ rows: rowsOf(cgroups), visible: new Set() });
  const { snapshot } = await sampler.tick({ rows: rowsOf(cgroups), visible: new Set() });
  assert.is(usageOf(undefined, snapshot).value('memory_limit_bytes', 0), 10);
});

test('each time is a multiple of 1/16 ms, whether it was read now or is carried over: a recording holds it exactly', async () => {
  const cgroups = new Map(['/a', '/b'].map((path, index) => [path, { inode: index + 2, figures: {} }]));
  const network = {
    read: async (rows: readonly { row: number }[]) =>
      rows.map(({ row }) => ({ row, counters: [], error: 0, time: 7.03 })),
  };
  const sampler = createSampler({ collector: fakeCollector(cgroups).collector, host, network, cpus: 1 });
  const visible = new Set([2]);
  const first = await sampler.tick({ rows: rowsOf(cgroups), visible });
  const second = await sampler.tick({ rows: rowsOf(cgroups), visible });
  for (const { times, monotonic } of [first.snapshot, second.snapshot]) {
    const known = [monotonic, ...times.flatMap((column) => [...column])].filter((time) => !Number.isNaN(time));
    assert.ok(known.length > CGROUP_FILES.length);
    assert.equal(
      known.filter((time) => !Number.isInteger(time * 16)),
      [],
    );
  }
});

test('a row that is gone or another is left out, told, and followed anew with its own figures', async () => {
  const busy: FakeCgroup = { inode: 2, figures: { 'cpu.stat:usage_usec': 9e6 } };
  const cgroups = new Map<string, FakeCgroup>([
    ['/a', busy],
    ['/b', { inode: 3, figures: { 'cpu.stat:usage_usec': 1e6 } }],
  ]);
  const { collector, followed } = fakeCollector(cgroups);
  const sampler = createSampler({ collector, host, cpus: 1 });
  const first = await sampler.tick({ rows: rowsOf(cgroups) });
  const listed = rowsOf(cgroups);
  cgroups.set('/a', { inode: 4, figures: { 'cpu.stat:usage_usec': 5e6 } });
  const second = await sampler.tick({ rows: listed });
  assert.equal(second.vanished, [{ path: '/a', inode: 2 }]);
  assert.equal(second.snapshot.rows, [{ path: '/b', inode: 3 }]);
  const third = await sampler.tick({ rows: rowsOf(cgroups) });
  assert.is(followed.size, 2);
  const usage = usageOf(second.snapshot, third.snapshot);
  const rowOf = (wanted: string): number => usage.snapshot.rows.findIndex(({ path }) => path === wanted);
  assert.ok(Number.isNaN(usage.value('cpu_percent', rowOf('/a'))));
  assert.is(usage.value('cpu_percent', rowOf('/b')), 0);
  assert.is(usageOf(first.snapshot, second.snapshot).value('cpu_percent', 0), 0);
});

test.run();
