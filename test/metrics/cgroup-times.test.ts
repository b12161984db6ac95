/** Which CPU times a reader of processes is told, and that with them it misses nothing that runs, on the real mount. */

import { readFileSync, statSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createProcessReader, type ProcessNode } from '../../src/inventory/processes.ts';
import { openCollector } from '../../src/kernel/open-collector.ts';
import { parsePidStat } from '../../src/kernel/proc-pid.ts';
import { createCgroupTimes } from '../../src/metrics/cgroup-times.ts';
import { CGROUP_FILES } from '../../src/metrics/files.ts';
import { createSampler } from '../../src/metrics/sampler.ts';
import { end, withGroup } from '../kernel/hierarchies.ts';
import { SCRATCH_MOUNT as MOUNT } from '../scratch-cgroup.ts';
import { HOST, snapshotOf } from './snapshots.ts';

const it = suite('cgroup times');
const onMount = MOUNT === undefined ? it.skip : it;

it('those of a cgroup and all below it, where they are known', () => {
  const figures = (usage: number) => ({ 'cpu.stat:usage_usec': usage });
  const times = createCgroupTimes();
  const snapshot = snapshotOf(1, [
    { path: '/', figures: figures(9) },
    { path: '/a', figures: figures(5) },
    { path: '/a/b', figures: figures(3), errors: { 'cpu.stat': 2 } },
    { path: '/ab', figures: figures(1) },
  ]);
  const some = times(snapshot, '/a');
  assert.equal([some.paths, String(some.usages)], [['/a', '/a/b'], '5,NaN']);
  const all = times(snapshot, '/');
  assert.equal([all.paths, String(all.usages)], [['/', '/a', '/a/b', '/ab'], 'NaN,5,NaN,1']);
  assert.is(times(snapshot, '/').paths, all.paths);
});

onMount('a process that begins to run in one of many quiet cgroups is in the next tree with its CPU time', () =>
  withGroup(MOUNT ?? '', async ({ mount, path, make, start }) => {
    const paths = [path, ...Array.from({ length: 30 }, (_, index) => make(String(index)))];
    const rows = paths.map((path) => ({ path, inode: statSync(mount + path).ino }));
    for (const one of paths.slice(1)) start(one, 'exec sleep 1000');
    const collector = openCollector({ mount, files: CGROUP_FILES, budget: 8000, watches: 8000, skipDevices: [] });
    const sampler = createSampler({ collector, host: { read: async () => HOST }, cpus: 1 });
    const readTree = createProcessReader({ proc: '/proc', mount, turnMs: 600_000 });
    const times = createCgroupTimes();
    const tree = async () => {
      const { snapshot } = await sampler.tick({ rows, visible: new Set(), touched: new Set() });
      return readTree(path, times(snapshot, path));
    };
    try {
      while ((await tree()).files > 0);
      for (const one of [paths[1], paths[17], paths.at(-1)]) {
        const child = start(one ?? '', 'while :; do :; done');
        const ticks = (): number =>
          parsePidStat(readFileSync(`/proc/${child.pid}/stat`, 'latin1'))?.utime ?? Number.NaN;
        while (!(ticks() >= 5));
        const least = ticks();
        const { roots, files } = await tree();
        const found = roots.find(({ pid }: ProcessNode) => pid === child.pid);
        assert.ok((found?.utimeTicks ?? 0) >= least, `${found?.utimeTicks} of ${least} ticks`);
        assert.is(files, 2 + 2 * 2, 'its cgroup, with the one that sleeps there, and the one above');
        await end(child);
        while ((await tree()).files > 0);
        assert.is((await tree()).roots.length, 30);
      }
    } finally {
      collector.close();
    }
  }),
);

it.run();
