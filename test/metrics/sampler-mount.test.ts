/** The sampler on the real mount: what it leaves unread against the files themselves. */

import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { suite, type Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Collector, CollectorOptions } from '../../src/kernel/collector.ts';
import { createFallbackCollector } from '../../src/kernel/collector-fallback.ts';
import { loadNative } from '../../src/kernel/native.ts';
import { createNativeCollector } from '../../src/kernel/native-collector.ts';
import { parseColumns } from '../../src/kernel/parse-columns.ts';
import { CGROUP_FILES, column, FIRST_COLUMN } from '../../src/metrics/files.ts';
import { createSampler, type Tick } from '../../src/metrics/sampler.ts';
import { UNREAD_BOUNDS } from '../../src/metrics/sampling-plan.ts';
import { type Snapshot, type SnapshotRow, valueAt } from '../../src/metrics/snapshot.ts';
import { end, type Group, NO_MOUNT, withGroup } from '../kernel/hierarchies.ts';
import { SCRATCH_MOUNT as MOUNT } from '../scratch-cgroup.ts';
import { skip } from '../skip.ts';
import { HOST } from './snapshots.ts';

const USAGE = column('cpu.stat:usage_usec');
/** Those that the mount of a hybrid machine has too. */
const READ = ['cpu.stat', 'cpu.pressure', 'memory.pressure', 'io.pressure'];
const POLLED = ['cgroup.events'];
/** The kernel tells of two changes of cgroup.events at least 10 ms apart. */
const NOTICE_MS = 30;
const MOST_TRIES = 100;
const host = { read: async () => HOST };

type Open = (options: CollectorOptions) => Collector;

function samplerOf(open: Open, mount: string, bounds = UNREAD_BOUNDS, clock?: () => number) {
  const collector = open({ mount, files: CGROUP_FILES, budget: 8000, watches: 8000, skipDevices: [] });
  const sampler = createSampler({ collector, host, bounds, ...(clock && { clock }), cpus: 1 });
  return {
    close: collector.close,
    tick: (rows: readonly SnapshotRow[]) => sampler.tick({ rows, visible: new Set(), touched: new Set() }),
  };
}

const rowAt = (mount: string, path: string): SnapshotRow => ({ path, inode: statSync(mount + path).ino });

/** The figures of a file as they are. */
function figuresOf(mount: string, path: string, file: string): readonly number[] {
  const spec = CGROUP_FILES.find((one) => one.file === file) ?? assert.unreachable();
  return spec ? parseColumns(spec, readFileSync(`${mount}${path}/${file}`, 'latin1'), []) : [];
}

/** A clock that runs so fast that whatever moved before is quiet in the next tick. */
function fastClock(): () => number {
  let now = Number(process.hrtime.bigint()) / 1e6;
  return () => {
    now += 10_000;
    return now;
  };
}

async function isInNextFrame(open: Open, group: Group): Promise<void> {
  const pods = Array.from({ length: 50 }, (_, pod) => group.make(String(pod)));
  const leaves = pods.flatMap((pod) => Array.from({ length: 19 }, (_, leaf) => `${pod}/${leaf}`));
  for (const path of leaves) mkdirSync(group.mount + path);
  const rows = ['/', group.path, ...pods, ...leaves].map((path) => rowAt(group.mount, path));
  const { tick, close } = samplerOf(open, group.mount, UNREAD_BOUNDS, fastClock());
  try {
    for (let count = 0; count < 3; count++) await tick(rows);
    for (const path of [leaves[3], leaves[500], leaves.at(-1)]) {
      const { reads } = await tick(rows);
      assert.ok(reads < rows.length * 3, `${reads} reads where nothing moves`);
      const child = group.start(path ?? '', 'while :; do :; done');
      // It runs for as long as a Frame takes.
      while ((figuresOf(group.mount, path ?? '', 'cpu.stat')[0] ?? 0) < 200_000);
      const least = figuresOf(group.mount, path ?? '', 'cpu.stat')[0] ?? Number.NaN;
      const { snapshot } = await tick(rows);
      await end(child);
      const row = rows.findIndex((one) => one.path === path);
      const usage = valueAt(snapshot, USAGE, row);
      assert.ok(usage >= least, `${path}: ${usage} µs, of ${least}`);
    }
  } finally {
    close();
    for (const path of leaves) rmdirSync(group.mount + path);
  }
}

/** The figures of these files of every row, and those that the files tell now. */
function figuresOfAll({ mount, path: top }: Group, snapshot: Snapshot, names: readonly string[]) {
  return snapshot.rows.flatMap(({ path }, row) => {
    if (!path.startsWith(top)) return [];
    return names.map((name) => {
      const file = CGROUP_FILES.findIndex((one) => one.file === name);
      const truth = figuresOf(mount, path, name);
      const seen = truth.map((_, key) => valueAt(snapshot, (FIRST_COLUMN[file] ?? 0) + key, row));
      // The averages fall by themselves between the two reads.
      const lasting = (_: number, key: number): boolean => !/avg/.test(CGROUP_FILES[file]?.keys[key] ?? '');
      return { what: `${path} ${name}`, seen: seen.filter(lasting), truth: truth.filter(lasting) };
    });
  });
}

/** Every figure of every row is that of its file, once all is quiet again. */
function assertSame(group: Group, snapshot: Snapshot, names: readonly string[]): void {
  for (const { what, seen, truth } of figuresOfAll(group, snapshot, names)) assert.equal(seen, truth, what);
}

/** The Snapshot in which the kernel has told of every change: on a busy machine it does so late. */
async function untilTold(group: Group, first: Snapshot, tick: () => Promise<Tick>): Promise<Snapshot> {
  let snapshot = first;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    if (figuresOfAll(group, snapshot, POLLED).every(({ seen, truth }) => isDeepStrictEqual(seen, truth))) break;
    await sleep(NOTICE_MS);
    ({ snapshot } = await tick());
  }
  return snapshot;
}

const PATHS = ['a', 'b', 'a/x', 'a/y', 'b/x', 'a/x/z'];
const deed = fc.oneof(
  fc.record({
    kind: fc.constant('run' as const),
    path: fc.constantFrom('a/x/z', 'a/y', 'b/x'),
    until: fc.integer({ min: 1, max: 20 }),
  }),
  fc.record({
    kind: fc.constantFrom('freeze' as const, 'make' as const, 'remove' as const),
    path: fc.constantFrom(...PATHS),
  }),
);

/** Does it, and waits until the kernel has told of it. */
async function carryOut(
  { kind, path, ...more }: { kind: string; path: string; until?: number },
  group: Group,
): Promise<void> {
  const whole = `${group.mount}${group.path}/${path}`;
  try {
    if (kind === 'make') mkdirSync(whole);
    if (kind === 'remove') rmdirSync(whole);
    if (kind === 'freeze')
      writeFileSync(`${whole}/cgroup.freeze`, readFileSync(`${whole}/cgroup.freeze`, 'utf8') === '1\n' ? '0' : '1');
  } catch {
    // It is there already, or is not.
  }
  if (kind !== 'run' || !existsSync(whole)) return;
  // Where it is frozen, or a cgroup around it, nothing runs.
  for (let at = whole; at.startsWith(group.mount + group.path); at = dirname(at))
    writeFileSync(`${at}/cgroup.freeze`, '0');
  const child = group.start(
    `${group.path}/${path}`,
    `i=0; while [ $i -lt ${(more.until ?? 1) * 500} ]; do i=$((i + 1)); done`,
  );
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function isExact(open: Open, group: Group): Promise<void> {
  let round = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(deed, { maxLength: 3 }), { minLength: 3, maxLength: 8, size: 'max' }),
      async (all) => {
        const top: Group = { ...group, path: group.make(`round${round++}`) };
        const { tick, close } = samplerOf(
          open,
          group.mount,
          { cpus: 0, ioOperations: 0, cpuWait: 0, average: 0 },
          fastClock(),
        );
        let listed: SnapshotRow[] = [];
        try {
          for (const deeds of [PATHS.map((path) => ({ kind: 'make', path })), [], [], ...all]) {
            for (const one of deeds) await carryOut(one, top);
            // The kernel may tell of a change some milliseconds late.
            if (deeds.length > 0) await sleep(NOTICE_MS);
            const paths = ['', ...PATHS.map((path) => `/${path}`)].map((path) => top.path + path);
            const rows = ['/', group.path, ...paths.filter((path) => existsSync(group.mount + path))].map((path) =>
              rowAt(group.mount, path),
            );
            if (rows.map(({ inode }) => inode).join() !== listed.map(({ inode }) => inode).join()) listed = rows;
            const { snapshot } = await tick(listed);
            assertSame(top, snapshot, READ);
            assertSame(top, await untilTold(top, snapshot, () => tick(listed)), POLLED);
          }
        } finally {
          close();
          for (const path of PATHS.toReversed()) await carryOut({ kind: 'remove', path }, top);
        }
      },
    ),
    { numRuns: 12, includeErrorInReport: true },
  );
}

const { native, reason } = loadNative();
const BEHAVIOURS = {
  'a busy loop in any of 1,000 quiet cgroups is in the next Snapshot': isInNextFrame,
  'with bounds of 0 every figure is that of its file': isExact,
};

function register(tests: Test, open: Open | undefined, why: string): void {
  for (const [name, behaviour] of Object.entries(BEHAVIOURS)) {
    if (!open || MOUNT === undefined) skip(tests, name, open ? NO_MOUNT : why);
    else tests(name, () => withGroup(MOUNT ?? '', (group) => behaviour(open, group)));
  }
}

const nativeTests = suite('the addon');
const fallbackTests = suite('the fallback');
register(nativeTests, native && ((options) => createNativeCollector(native, options)), reason ?? '');
register(fallbackTests, createFallbackCollector, '');
nativeTests.run();
fallbackTests.run();
