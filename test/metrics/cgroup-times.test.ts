/** Which CPU times a reader of processes is told, and that with them it misses nothing that runs, on the real mount. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createProcessReader, type ProcessNode } from '../../src/inventory/processes.ts';
import { openCollector } from '../../src/kernel/open-collector.ts';
import { parsePidStat } from '../../src/kernel/proc-pid.ts';
import { createCgroupTimes } from '../../src/metrics/cgroup-times.ts';
import { CGROUP_FILES } from '../../src/metrics/files.ts';
import { createSampler } from '../../src/metrics/sampler.ts';
import { end, withGroup } from '../kernel/hierarchies.ts';
import { eventually, SCRATCH_MOUNT as MOUNT } from '../scratch-cgroup.ts';
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
        assert.ok(files < 31, `${files} files of 31 processes in as many cgroups`);
        await end(child);
        while ((await tree()).files > 0);
        assert.is((await tree()).roots.length, 30);
      }
    } finally {
      collector.close();
    }
  }),
);

/** What a shell does that takes commands. */
const DEEDS = [
  ':',
  'i=0; while [ $i -lt 9999 ]; do i=$((i+1)); done',
  'sleep 1000 & last=$!',
  'kill $last; wait $last',
  'sh -c "sleep 1000 & sleep 1000" & last=$!',
];

onMount('whatever processes do, the tree is the one that is read whole', () =>
  withGroup(MOUNT ?? '', async ({ mount, path, make }) => {
    const paths = [path, ...Array.from({ length: 8 }, (_, index) => make(String(index)))];
    const rows = paths.map((path) => ({ path, inode: statSync(mount + path).ino }));
    const inodes = new Set(rows.map(({ inode }) => inode));
    const shells = paths.map((one) => {
      const command = 'echo $$ > "$1/cgroup.procs"; while read -r deed; do eval "$deed"; echo done; done';
      return spawn('sh', ['-c', command, 'sh', mount + one], { stdio: ['pipe', 'pipe', 'ignore'] });
    });
    const collector = openCollector({ mount, files: CGROUP_FILES, budget: 8000, watches: 8000, skipDevices: [] });
    const sampler = createSampler({ collector, host: { read: async () => HOST }, cpus: HOST.cpus });
    const readTree = createProcessReader({ proc: '/proc', mount, turnMs: 600_000 });
    const times = createCgroupTimes();
    // Memory may change while nothing runs.
    const told = (nodes: readonly ProcessNode[]): unknown =>
      nodes.map(({ rssBytes: _, children, ...node }) => ({ ...node, children: told(children) }));
    async function areSame(): Promise<boolean> {
      const { snapshot } = await sampler.tick({ rows, visible: new Set(), exact: inodes, touched: new Set() });
      const { roots } = await readTree(path, times(snapshot, path));
      const whole = await createProcessReader({ proc: '/proc', mount })(path);
      return isDeepStrictEqual(told(roots), told(whole.roots));
    }
    try {
      const deed = fc.tuple(fc.nat(shells.length - 1), fc.constantFrom(...DEEDS));
      for (const [which, what] of fc.sample(deed, 40)) {
        const { stdin, stdout } = shells[which] ?? {};
        stdin?.write(`${what}\n`);
        if (stdout) await once(stdout, 'data');
        // What is still under way when the one tree is read, and over for the other, is seen in the next ones.
        const deadline = performance.now() + 10_000;
        while (!(await areSame())) if (performance.now() > deadline) assert.unreachable(`not after ${what}`);
      }
    } finally {
      collector.close();
      writeFileSync(`${mount}${path}/cgroup.kill`, '1');
      await eventually(
        () => readFileSync(`${mount}${path}/cgroup.events`, 'utf8').includes('populated 0'),
        'nobody is left',
      );
    }
  }),
);

it.run();
