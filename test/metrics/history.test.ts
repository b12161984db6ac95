import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createHistory, KEPT } from '../../src/metrics/history.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { snapshotOf } from './snapshots.ts';

const ID = 'memory_current_bytes';
const usage = (...bytes: readonly number[]) =>
  usageOf(
    undefined,
    snapshotOf(
      0,
      bytes.map((figure, row) => ({ path: `/${row}`, figures: { 'memory.current:value': figure } })),
    ),
  );

test('every sample of the last ones, also as of some samples ago', () => {
  const history = createHistory([ID], 1);
  for (const bytes of [1, 2, 3, 4]) history.push(usage(bytes), new Set());
  assert.equal(history.of(1, ID, 3), { values: [2, 3, 4], mosts: [2, 3, 4], fold: 1 });
  assert.equal(history.of(1, ID, 2, 1).values, [2, 3]);
  assert.equal(history.of(9, ID, 3).values, []);
  assert.equal(history.of(1, 'no_such', 3).values, []);
});

test('another figure is kept from when it is wanted on', () => {
  const history = createHistory([], 1);
  history.push(usage(1, 9), new Set());
  history.track([ID]);
  history.track([ID]);
  for (const bytes of [2, 3, 4]) history.push(usage(bytes, 9), new Set());
  assert.equal(history.of(1, ID, 9).values, [Number.NaN, 2, 3, 4]);
  assert.equal(history.of(2, ID, 9).values, [9, 9, 9]);
});

test('an hour is kept as means with the largest sample of each', () => {
  const history = createHistory([ID], 1);
  for (let second = 0; second < 3600; second++) history.push(usage(second % 12), new Set());
  const { values, mosts, fold } = history.of(1, ID, 3600);
  assert.is(fold, 12);
  assert.equal(values, Array(KEPT).fill(5.5));
  assert.equal(mosts, Array(KEPT).fill(11));
});

test('a figure that stays is known over the whole span, and where it changed', () => {
  const history = createHistory([ID], 1);
  for (let second = 0; second < 10; second++) history.push(usage(7), new Set());
  assert.equal(history.of(1, ID, 300).values, Array(10).fill(7));
  history.push(usage(8), new Set());
  assert.equal(history.of(1, ID, 3).values, [7, 7, 8]);
});

test('where room runs out, a row that is shown takes it from one that is not', () => {
  const history = createHistory([ID], 1, { mostSeries: 1 });
  for (const bytes of [1, 2, 3]) history.push(usage(bytes, bytes * 10), new Set([2]));
  assert.equal(history.of(2, ID, 2).values, [20, 30]);
  assert.equal(history.of(1, ID, 2).values, [3], 'only what it is now');
});

test('what was shown all along keeps its room where another row comes into view', () => {
  const history = createHistory([ID], 1, { mostSeries: 2 });
  const [first, both] = [new Set([1]), new Set([1, 3])];
  for (const bytes of [1, 2, 3]) history.push(usage(bytes, bytes * 10, 7), first);
  for (const bytes of [4, 5]) history.push(usage(bytes, 30, bytes), both);
  assert.equal(history.of(1, ID, 4).values, [2, 3, 4, 5]);
  assert.equal(history.of(3, ID, 4).values, [7, 7, 4, 5]);
  assert.equal(history.of(2, ID, 4).values, [30, 30, 30], 'since it stands still');
});

test('a figure that stands still for long is told alike whether it was asked for meanwhile or not', () => {
  const [asked, unasked] = [createHistory([ID], 1), createHistory([ID], 1)];
  // From rings that go round several times to a change in the midst of a mean.
  for (const [bytes, samples] of [
    [5, 3],
    [6, 1],
    [7, 4000],
    [8, 5],
    [9, 310],
    [7, 30],
    [NaN, 17],
    [4, 9],
  ] as const) {
    for (let sample = 0; sample < samples; sample++) {
      for (const history of [asked, unasked]) history.push(usage(bytes), new Set());
      asked.of(1, ID, 1);
    }
  }
  for (const samples of [3, 60, 300, 600, 3600]) assert.equal(unasked.of(1, ID, samples), asked.of(1, ID, samples));
  assert.equal(unasked.of(1, ID, 27).values.slice(0, 2), [7, NaN]);
});

test.run();
