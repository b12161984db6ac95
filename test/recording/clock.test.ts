/** A recorder whose clock is set, whose files come and go, and who reads them meanwhile. */

import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Moment } from '../../src/recording/format/moment.ts';
import { framesBetween, openRecording, type Recording } from '../../src/recording/recording.ts';
import { openReplay } from '../../src/recording/replay.ts';
import {
  type Bounds,
  beginOf,
  openRecordingStore,
  type RecordingStore,
  recordingsIn,
} from '../../src/recording/store.ts';
import { snapshotOf } from '../metrics/snapshots.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { HEADER } from './moments.ts';

const HOUR = 3600;
const BEGIN = Date.UTC(2026, 10, 29, 3, 0, 0);
const BOUNDS = { keepFor: 365 * 86_400_000, keepSize: 1 << 30, minFree: 0 };

/** `clock`: seconds after BEGIN that the clock shows, so many seconds after the machine has started. */
function momentAt(clock: number, since: number): Moment {
  const snapshot = snapshotOf(since, [{ path: '/web', figures: { 'cpu.stat:usage_usec': since * 5e5 } }]);
  return {
    snapshot: { ...snapshot, wall: BEGIN + 1000 * clock },
    workloads: [{ kind: 'container', name: 'web', path: '/web', inode: 1 }],
    hidden: 0,
    cost: { milliseconds: 1, reads: 2, descriptors: 3, missed: 0 },
    ...{ processes: undefined, processesBefore: undefined, events: [], findings: [], changes: [] },
  };
}

const storeIn = (directory: string): RecordingStore =>
  openRecordingStore({ directory, bounds: BOUNDS, header: HEADER });

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);

/** Seconds by the clock of the Frames between, with the CPU of each. */
const between = (recording: Recording, from: number, to: number): readonly (readonly [number, number])[] =>
  [...framesBetween(recording, BEGIN + 1000 * from, BEGIN + 1000 * to)].map(({ usage }) => [
    (usage.snapshot.wall - BEGIN) / 1000,
    usage.value('cpu_percent', 0),
  ]);

const clockAt = (recording: Recording, time: number): number =>
  (recording.timeOf(recording.placeAt(BEGIN + 1000 * time)) - BEGIN) / 1000;

test('a clock that is set back costs no moment and no rate: each time is found, and a stretch has both', () => {
  const directory = temporaryFolder();
  const store = storeIn(directory);
  // A minute, and from the 40th second by the clock on half a minute again.
  const clocks = [...range(0, 60), ...range(40, 30)];
  clocks.forEach((clock, since) => {
    assert.equal(store.add(momentAt(clock, since)), {});
  });
  store.close();
  assert.is(recordingsIn(directory).length, 2);
  const recording = openRecording(directory);
  const all = between(recording, 0, HOUR);
  assert.equal(
    all.map(([clock]) => clock),
    clocks,
  );
  assert.equal(
    all.slice(1).map(([, cpu]) => cpu),
    clocks.slice(1).map(() => 50),
  );
  assert.equal(
    between(recording, 57, 59).map(([clock]) => clock),
    [57, 58, 59, 57, 58, 59],
  );
  assert.equal(
    [10, 39, 45, 69, 300].map((time) => clockAt(recording, time)),
    [10, 39, 45, 69, 69],
  );
  recording.close();
});

test('a time that only the file before has is found where the clock was set back after it', () => {
  const directory = temporaryFolder();
  const store = storeIn(directory);
  [...range(0, 60), ...range(40, 5)].forEach((clock, since) => {
    store.add(momentAt(clock, since));
  });
  store.close();
  const recording = openRecording(directory);
  assert.equal(
    [42, 50, 59].map((time) => clockAt(recording, time)),
    [42, 50, 59],
  );
  recording.close();
});

test('a clock that is set forward leaves the rates as they are, and a recorder that did not run has none', () => {
  const directory = temporaryFolder();
  const store = storeIn(directory);
  store.add(momentAt(0, 0));
  store.add(momentAt(HOUR + 1, 1));
  store.add(momentAt(HOUR + 1000, 1000));
  store.close();
  const recording = openRecording(directory);
  assert.equal(
    between(recording, 0, 2 * HOUR).map(([, cpu]) => String(cpu)),
    ['NaN', '50', 'NaN'],
  );
  recording.close();
});

test('files that begin in the same second are read in the order in which they were written', () => {
  const directory = temporaryFolder();
  const count = 12;
  for (const since of range(0, count)) {
    const store = storeIn(directory);
    store.add(momentAt(since / 100, since));
    store.close();
  }
  assert.is(recordingsIn(directory).length, count);
  const recording = openRecording(directory);
  assert.equal(
    between(recording, 0, 1).map(([clock]) => Math.round(clock * 100)),
    range(0, count),
  );
  recording.close();
});

/** What a recorder adds in its run: a moment a minute, each so many seconds off the right time. */
const run = (
  directory: string,
  bounds: Partial<Bounds>,
  minutes: Iterable<readonly [at: number, off: number]>,
): void => {
  const header = { ...HEADER, interval: 60_000 };
  const store = openRecordingStore({ directory, bounds: { ...BOUNDS, ...bounds }, header });
  for (const [at, off] of minutes) assert.equal(store.add(momentAt(60 * at + off, 60 * at)), {});
  store.close();
};

/** Hours of the clock at which files begin. */
const hoursIn = (directory: string): number[] =>
  recordingsIn(directory).map((name) => Math.floor((beginOf(name) - BEGIN) / 1000 / HOUR));

const YEARS = 12 * 365 * 24 * HOUR;
const right = (from: number, count: number) => range(from, count).map((at) => [at, 0] as const);

for (const [what, off] of [
  ['far ahead', YEARS],
  ['far back', -YEARS],
] as const) {
  test(`a clock that is ${what} for a moment, or when a recorder starts, removes nothing of the time that is kept`, () => {
    const directory = temporaryFolder();
    const bounds = { keepFor: 3 * HOUR * 1000 };
    run(directory, bounds, [...right(0, 230), [230, off], ...right(231, 9)]);
    assert.equal(
      hoursIn(directory).filter((hour) => Math.abs(hour) < 24),
      [0, 1, 2, 3, 3],
    );
    // The next one begins so, before the clock is set.
    run(directory, bounds, [[241, off], [242, off], ...right(243, 50)]);
    assert.equal(
      hoursIn(directory).filter((hour) => Math.abs(hour) < 24),
      [1, 2, 3, 3, 4],
    );
    // What it wrote with that clock goes in its turn.
    run(directory, bounds, right(300, 4 * 60));
    assert.equal(hoursIn(directory), [5, 6, 7, 8]);
  });
}

test('a clock that is set back for good leaves the bounds as they are', () => {
  const directory = temporaryFolder();
  const days = 2 * 24 * HOUR;
  run(directory, { keepFor: 3 * HOUR * 1000 }, [
    ...range(0, 120).map((at) => [at, days] as const),
    ...right(120, 6 * 60),
  ]);
  assert.equal(hoursIn(directory), [4, 5, 6, 7]);
  run(directory, { keepSize: 1 }, [...range(500, 9).map((at) => [at, days] as const), ...right(509, 1)]);
  assert.equal(hoursIn(directory), [8, 56], 'the two that were written last');
});

test('time in which nothing was recorded makes nothing old', () => {
  const directory = temporaryFolder();
  for (const hour of [0, 100, 200]) run(directory, { keepFor: 60_000 }, right(60 * hour, 1));
  assert.equal(hoursIn(directory), [0, 100, 200]);
  run(directory, { keepFor: 60_000 }, right(60 * 300, 62));
  assert.equal(hoursIn(directory), [300, 301]);
});

test('who reads a recording finds what was recorded since, in the file that it has open and in later ones', async () => {
  const directory = temporaryFolder();
  const store = storeIn(directory);
  store.add(momentAt(HOUR - 2, 0));
  const replay = openReplay(openRecording(directory));
  await replay.next();
  store.add(momentAt(HOUR - 1, 1));
  for (const since of [2, 3]) store.add(momentAt(HOUR - 2 + since, since));
  const clocks: number[] = [];
  for (const _ of range(0, 3)) clocks.push(((await replay.next()).usage.snapshot.wall - BEGIN) / 1000 - HOUR);
  assert.equal(clocks, [-1, 0, 1]);
  store.add(momentAt(3 * HOUR, 2 * HOUR));
  assert.is((await replay.past.seek(BEGIN + 3 * HOUR * 1000)).usage.snapshot.wall, BEGIN + 3 * HOUR * 1000);
  replay.close();
  store.close();
});

test('a file that the recorder has removed since costs its own moments', () => {
  const directory = temporaryFolder();
  const store = storeIn(directory);
  for (const hour of range(0, 8)) store.add(momentAt(hour * HOUR, hour * HOUR));
  store.close();
  const recording = openRecording(directory);
  const [first = ''] = recordingsIn(directory);
  unlinkSync(join(directory, first));
  // Of the files only some are kept open: this one is opened anew.
  assert.is(between(recording, HOUR, 8 * HOUR).length, 7);
  assert.is(clockAt(recording, 0), HOUR);
  assert.equal(recording.damage(), []);
  recording.close();
});

test('a disk that takes no frame is not filled with empty files', () => {
  const directory = temporaryFolder();
  let isFull = true;
  const failing = openRecordingStore({
    ...{ directory, bounds: BOUNDS, header: HEADER },
    write: (_, bytes) => {
      if (isFull) throw Object.assign(new Error('disk quota exceeded'), { code: 'EDQUOT' });
      return bytes.length;
    },
  });
  for (const since of range(0, 5)) failing.add(momentAt(10 * since, 10 * since));
  assert.equal(
    readdirSync(directory).filter((name) => name.endsWith('.tscgrec')),
    [],
  );
  isFull = false;
  failing.close();
});

test.run();
