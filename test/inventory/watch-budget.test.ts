/** What following events may cost, with a clock of our own. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createWatchBudget } from '../../src/inventory/watch-budget.ts';

test('a burst is free, a stream is not', () => {
  const budget = createWatchBudget(0);
  assert.ok(budget.spend(3_000, 0), 'a few containers start');
  assert.ok(budget.spend(1_400, 5_000), 'calm again, and the next');
  let now = 5_000;
  let seconds = 0;
  /** 200 cgroups a second made and removed in a folder of 100. */
  while (budget.spend(400 * 120, now)) {
    now += 1_000;
    seconds++;
  }
  assert.ok(seconds < 5);
});

test('a quiet machine never comes to the end of it', () => {
  const budget = createWatchBudget(0);
  for (let now = 0; now < 3_600_000; now += 1000) assert.ok(budget.spend(80, now));
});

test('rests grow while it keeps coming to this, and start anew after a calm', () => {
  const budget = createWatchBudget(0);
  let now = 0;
  const rests: number[] = [];
  for (let i = 0; i < 9; i++) {
    const rest = budget.rest(100, now);
    rests.push(rest);
    now += rest + 1_000;
  }
  assert.equal(rests, [10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000, 600_000]);
  assert.is(budget.rest(100, now + 3 * 600_000), 10_000);
});

test('a start that is dear comes seldom', () => {
  assert.is(createWatchBudget(0).rest(2_000, 0), 100_000);
});

test('after a first rest the whole budget is there; after one that came soon, what the rest saved', () => {
  const budget = createWatchBudget(0);
  assert.not(budget.spend(60_000, 0));
  let now = budget.rest(0, 0);
  assert.ok(budget.spend(3_000, now));
  assert.not(budget.spend(60_000, now));
  now += budget.rest(0, now);
  assert.not(budget.spend(3_000, now), '20 seconds save 2,000');
});

test('the first minutes of a machine that makes and removes cgroups without end cost a few CPU seconds', () => {
  const budget = createWatchBudget(0);
  let read = 0;
  for (let now = 0; now < 180_000; ) {
    read += 1_200;
    now += budget.spend(1_200, now) ? 100 : budget.rest(300, now);
  }
  assert.ok(read < 20_000, `${read} entries, at 0.2 ms each`);
});

test.run();
