/** Frames that were taken are shown again as they were, as far back as they are kept. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withPast } from '../../src/dashboard/past.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { draftAfter } from '../../src/metrics/draft.ts';
import { COLUMN_COUNT, FILE_OF_COLUMN } from '../../src/metrics/files.ts';
import { hostUsage } from '../../src/metrics/host.ts';
import type { Snapshot } from '../../src/metrics/snapshot.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { frameBetween } from '../metrics/frames.ts';
import { HOST, snapshotOf } from '../metrics/snapshots.ts';

const COLUMNS_SHOWN = ['cpu_percent', 'memory_bytes', 'psi_cpu_some_percent', 'pids'];

const write = fc.record({
  column: fc.nat(COLUMN_COUNT - 1),
  rows: fc.uniqueArray(fc.nat(5)),
  value: fc.oneof(fc.nat(9), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY)),
  /** How much more each row has than the one before it. */
  slope: fc.nat(1),
});
const second = fc.record({
  writes: fc.array(write, { maxLength: 4 }),
  /** Inodes; absent where the cgroups are those of the second before. */
  living: fc.option(fc.uniqueArray(fc.nat(5), { minLength: 1 }), { nil: undefined }),
});
type Second = typeof second extends fc.Arbitrary<infer Made> ? Made : never;

const workloadOf = (inode: number): Workload => ({ inode, path: `/${inode}`, kind: 'container', name: `${inode}` });

/** The Frame after that one; the first one has none before it. */
function frameAfter(earlier: Frame | undefined, { writes, living }: Second): Frame {
  const before = earlier ?? START;
  const workloads =
    living?.map((inode) => before.workloads.find((workload) => workload.inode === inode) ?? workloadOf(inode)) ??
    before.workloads;
  const { snapshot: old } = before.usage;
  const monotonic = old.monotonic + 1000;
  const draft = draftAfter(old, living ? workloads : old.rows, monotonic);
  for (const { column, rows, value, slope } of writes) {
    for (const row of rows.filter((row) => row < workloads.length)) {
      const file = FILE_OF_COLUMN[column] ?? 0;
      draft.setValue(column, row, value + slope * row);
      draft.setError(file, row, rows.length);
      draft.setTime(file, row, monotonic);
    }
  }
  const { rows, parents, values, errors, times } = draft;
  const host = { ...HOST, time: monotonic, cpuBusyTicks: monotonic / 10, cpuTotalTicks: monotonic / 2 };
  const snapshot = { wall: 1e12 + monotonic, monotonic, host, rows, parents, values, errors, times };
  return {
    usage: usageOf(earlier && old, snapshot, earlier?.usage),
    host: hostUsage(earlier && old.host, host),
    ...{ workloads, hidden: 0, cost: { ...START.cost, reads: monotonic } },
  };
}

const START = frameBetween(snapshotOf(0, [{ path: '/0', figures: {} }]), snapshotOf(0, [{ path: '/0', figures: {} }]));

function framesOf(seconds: readonly Second[]): Frame[] {
  const frames: Frame[] = [];
  for (const one of seconds) frames.push(frameAfter(frames.at(-1), one));
  return frames;
}

/** Takes all of them. */
async function pastOf(frames: readonly Frame[], openOlder?: () => Promise<undefined>) {
  const waiting = [...frames];
  const { past, next } = withPast(
    {
      isLive: true,
      next: async () => waiting.shift() ?? START,
      onChange: () => {},
      close: () => {},
    },
    openOlder,
  );
  for (const frame of frames) assert.is(await next(), frame);
  if (!past) throw new Error('nothing is kept');
  return past;
}

const figuresOf = ({ values, errors, times }: Snapshot): number[][] =>
  [...values, ...errors, ...times].map((array) => [...array]);

function assertSame(found: Frame, taken: Frame): void {
  const [one, other] = [found.usage.snapshot, taken.usage.snapshot];
  assert.equal(one.wall, other.wall);
  assert.equal(found.workloads, taken.workloads);
  assert.equal(
    one.rows.map(({ inode }) => inode),
    other.rows.map(({ inode }) => inode),
  );
  assert.equal(one.parents, other.parents);
  assert.equal(figuresOf(one), figuresOf(other));
  assert.equal([found.host, found.cost, one.host, found.hidden], [taken.host, taken.cost, other.host, taken.hidden]);
}

const assertSameRates = (found: Frame, taken: Frame): void => {
  for (const id of COLUMNS_SHOWN) assert.equal([...found.usage.column(id)], [...taken.usage.column(id)], id);
};

test('each Frame is shown again as it was, whatever came, went and changed since', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(second, { minLength: 2, maxLength: 12 }), async (seconds) => {
      const frames = framesOf(seconds);
      const past = await pastOf(frames);
      const [newest] = frames.slice(-1);
      if (!newest) return;
      for (const [index, taken] of frames.entries()) {
        const found = await past.step(newest, index - frames.length + 1);
        assertSame(found, taken);
        assertSameRates(found, taken);
        assertSame(await past.seek(taken.usage.snapshot.wall + 500), taken);
      }
    }),
    { numRuns: 60 },
  );
});

const still = (count: number): Second[] => Array.from({ length: count }, () => ({ writes: [], living: undefined }));

test('steps in time stay within what is kept', async () => {
  const frames = framesOf(still(20));
  const past = await pastOf(frames);
  const [first = START, last = START] = [frames[0], frames[19]];
  const isFrame = (found: Frame, wanted: number): void => assertSame(found, frames[wanted] ?? START);
  isFrame(await past.step(last, -3), 16);
  isFrame(await past.step(last, -100), 0);
  isFrame(await past.step(first, 1), 1);
  isFrame(await past.step(await past.step(last, -3), 2), 18);
  assert.is(await past.step(first, 1000), last);
  assert.is(await past.seek(last.usage.snapshot.wall + 99_000), last);
  isFrame(await past.seek(0), 0);
});

/** Seconds of many cgroups in which some figures of all change. */
const busy = (slope: number): Second[] => {
  const living = Array.from({ length: 4000 }, (_, inode) => inode);
  return Array.from({ length: 20 }, (_, at) => ({
    writes: Array.from({ length: 10 }, (_, column) => ({ column, rows: living, value: at, slope })),
    living: at === 0 ? living : undefined,
  }));
};

test('figures that are alike take next to no room', async () => {
  const frames = framesOf(busy(0));
  const past = await pastOf(frames);
  assertSame(await past.step(frames[19] ?? START, -19), frames[0] ?? START);
});

test('where the room runs out the oldest Frames go, and the oldest that is shown has its rates', async () => {
  const frames = framesOf(busy(1));
  const past = await pastOf(frames);
  const oldest = await past.step(frames[19] ?? START, -100);
  const at = frames.findIndex(({ usage }) => usage.snapshot.monotonic === oldest.usage.snapshot.monotonic);
  assert.ok(at > 1 && at < 18, `${at}`);
  assert.is(oldest.usage.seconds, 1);
  assertSame(oldest, frames[at] ?? START);
  assertSameRates(oldest, frames[at] ?? START);
});

test('before the first Frame there is what was recorded, or nothing', async () => {
  const frames = framesOf(still(3));
  const past = await pastOf(frames, async () => undefined);
  try {
    await past.seek(0);
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /nothing was recorded before/);
  }
});

test.run();
