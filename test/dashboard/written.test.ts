/** When the size of what a row wrote is measured, and when that is broken off. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createWrittenMeasurer } from '../../src/dashboard/written.ts';
import { type Measured, MeasureError, type MeasureOptions } from '../../src/metrics/disk-usage/measure.ts';

interface Begun {
  readonly directory: string;
  readonly options: MeasureOptions;
  end(bytes: number): Promise<void>;
  fail(): Promise<void>;
}

/** A measurer whose measurements end by hand, on a clock set by hand. */
function setUp() {
  const begun: Begun[] = [];
  const clock = { now: 0, news: 0 };
  const measurer = createWrittenMeasurer({
    now: () => clock.now,
    onNews: () => {
      clock.news++;
    },
    measure: (directory, options) =>
      new Promise<Measured>((resolve, reject) => {
        // Long enough for what waits for it to have run.
        const settled = () => new Promise<void>((done) => setImmediate(done));
        begun.push({
          directory,
          options,
          end: (bytes) => {
            resolve({ bytes, files: 1, directories: 1, whiteouts: 0, unread: 0, time: clock.now, took: 1 });
            return settled();
          },
          fail: () => {
            reject(new MeasureError(directory, 'ENOENT'));
            return settled();
          },
        });
      }),
  });
  return { begun, clock, measurer };
}

test('begun when the row has been selected for a moment, again after a rest, with the growth between', async () => {
  const { begun, clock, measurer } = setUp();
  measurer.follow('/a', true);
  assert.is(begun.length, 0);
  clock.now = 600;
  measurer.follow('/a', true);
  measurer.follow('/a', true);
  assert.is(begun.length, 1);
  begun[0]?.options.onProgress?.({ bytes: 5, files: 1, directories: 1, whiteouts: 0, unread: 0 });
  assert.is(measurer.of('/a')?.soFar?.bytes, 5);
  await begun[0]?.end(1000);
  assert.is(clock.news, 1);
  assert.is(measurer.of('/a')?.last?.bytes, 1000);
  assert.ok(Number.isNaN(measurer.of('/a')?.growth));
  clock.now = 5000;
  measurer.follow('/a', true);
  assert.is(begun.length, 1);
  clock.now = 10_600;
  measurer.follow('/a', false);
  assert.is(begun.length, 1, 'not while the display is held');
  measurer.follow('/a', true);
  assert.is(begun.length, 2);
  assert.is(measurer.of('/a')?.last?.bytes, 1000, 'the figure before stays');
  await begun[1]?.end(21_000);
  assert.is(measurer.of('/a')?.growth, 2000);
});

test('broken off when another row is selected, or none; the other one waits for its end', async () => {
  const { begun, clock, measurer } = setUp();
  const look = (directory: string | undefined, now: number): void => {
    clock.now = now;
    measurer.follow(directory, true);
  };
  look('/a', 0);
  look('/a', 1000);
  look('/b', 1100);
  assert.ok(begun[0]?.options.signal?.aborted);
  assert.is(measurer.of('/a'), undefined);
  look('/b', 2000);
  assert.is(begun.length, 1);
  await begun[0]?.end(1);
  assert.is(measurer.of('/b')?.last, undefined);
  look('/b', 2100);
  assert.is(begun[1]?.directory, '/b');
  look(undefined, 2200);
  assert.ok(begun[1]?.options.signal?.aborted);
  assert.is(clock.news, 0);
});

test('a failure is told, and tried again later', async () => {
  const { begun, clock, measurer } = setUp();
  measurer.follow('/a', true);
  clock.now = 1000;
  measurer.follow('/a', true);
  await begun[0]?.fail();
  assert.match(measurer.of('/a')?.reason ?? '', /^measure \/a: ENOENT/);
  clock.now = 20_000;
  measurer.follow('/a', true);
  await begun[1]?.end(7);
  assert.is(measurer.of('/a')?.reason, undefined);
});

test.run();
