/** What a recorder reads for each moment, and what it does without. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Frame } from '../../src/metrics/source.ts';
import { createMomentTaker, runRecorder } from '../../src/recording/recorder.ts';
import { frameBetween } from '../metrics/frames.ts';
import { snapshotOf } from '../metrics/snapshots.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const ROWS = 40;

/** `used`: by row, microseconds of CPU time in that second. */
function frameAt(second: number, used: (row: number) => number): Frame {
  const rows = (usec: (row: number) => number) =>
    Array.from({ length: ROWS }, (_, row) => ({ path: `/c${row}`, figures: { 'cpu.stat:usage_usec': usec(row) } }));
  return frameBetween(
    snapshotOf(
      second,
      rows(() => 0),
    ),
    snapshotOf(second + 1, rows(used)),
  );
}

test('of rows that are alike or take turns the same ones stay among the busiest, until another is far busier', async () => {
  const directory = temporaryFolder();
  mkdirSync(join(directory, 'proc'));
  /** First the one half is busy, then the other, then all; at last the last row is far busier than all. */
  const frames = [
    frameAt(0, (row) => (row % 2 ? 200 : 1200)),
    frameAt(1, (row) => (row % 2 ? 1200 : 200)),
    frameAt(2, () => 1000),
    frameAt(3, (row) => (row === ROWS - 1 ? 5000 : 1000)),
  ];
  const asked: (readonly number[])[] = [];
  let number = 0;
  const take = createMomentTaker({
    source: {
      isLive: true,
      next: async (demand) => {
        asked.push([...(demand?.visible ?? [])].sort((a, b) => a - b));
        return frames[number++] ?? frameAt(4, () => 1000);
      },
      onChange: () => undefined,
      close: () => undefined,
    },
    journal: { path: join(directory, 'journal'), read: () => ({ changes: [], unreadable: 0 }) },
    mount: directory,
    proc: join(directory, 'proc'),
    onTrouble: (_, error) => {
      throw error;
    },
  });
  for (const _ of [1, 2, 3, 4, 5]) await take();
  const [, first = [], second, third, fourth = []] = asked;
  assert.is(first.length, 32);
  assert.not(first.includes(ROWS));
  assert.equal(second, first);
  assert.equal(third, first);
  assert.ok(fourth.includes(ROWS));
  assert.is(fourth.filter((inode) => first.includes(inode)).length, 31);
});

test('a journal that cannot be read costs no moment, and is said', async () => {
  const directory = temporaryFolder();
  mkdirSync(join(directory, 'proc'));
  const path = join(directory, 'journal');
  const troubles: unknown[] = [];
  let isForeign = false;
  const take = createMomentTaker({
    source: {
      isLive: true,
      next: async () => frameAt(1, () => 1000),
      onChange: () => undefined,
      close: () => undefined,
    },
    journal: {
      path,
      read: () => {
        if (isForeign) throw new Error('another user may write it');
        return { changes: [], unreadable: 0 };
      },
    },
    mount: directory,
    proc: join(directory, 'proc'),
    onTrouble: (what, error) => void troubles.push([what, String(error)]),
  });
  isForeign = true;
  writeFileSync(path, 'x');
  for (const _ of [1, 2]) assert.equal((await take()).changes, []);
  assert.equal(troubles, [['what was changed is not recorded', 'Error: another user may write it']]);
});

test('an abort ends a recorder at once, while it takes a moment and while it waits for the next', async () => {
  const directory = temporaryFolder();
  mkdirSync(join(directory, 'proc'));
  for (const when of ['taking', 'waiting']) {
    const stop = new AbortController();
    let added = 0;
    await runRecorder({
      source: {
        isLive: true,
        next: async () => {
          if (when === 'taking') stop.abort();
          return frameAt(1, () => 1000);
        },
        onChange: () => undefined,
        close: () => undefined,
      },
      store: {
        add: () => {
          added++;
          if (when === 'waiting') setImmediate(() => stop.abort());
          return {};
        },
        close: () => undefined,
      },
      journal: { path: join(directory, 'journal'), read: () => ({ changes: [], unreadable: 0 }) },
      mount: directory,
      proc: join(directory, 'proc'),
      interval: 3_600_000,
      onNews: () => undefined,
      onTrouble: (_, error) => {
        throw error;
      },
      signal: stop.signal,
    });
    assert.is(added, 1);
  }
});

test.run();
