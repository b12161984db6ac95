/** The statistics of a trial: exact under the null, whatever the figures. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { effectOf, type Pair, signFlipP } from '../../../src/diagnosis/trial/statistics.ts';

/** All choices of signs of some figures. */
const signings = (figures: readonly number[]): number[][] =>
  figures.reduce<number[][]>(
    (lists, figure) =>
      lists.flatMap((list) => [
        [...list, figure],
        [...list, -figure],
      ]),
    [[]],
  );

const pairsOfDifferences = (differences: readonly number[]): Pair[] =>
  differences.map((difference) => ({ off: 500 + difference, on: 500 }));

test('p is the share of sign choices that save as much, as counted by hand', () => {
  for (const [differences, p] of [
    [[1], 1 / 2],
    [[-1], 1],
    [[1, 1, 1, 1, 1, 1, 1, 1], 1 / 256],
    [[1, 2, -4], 5 / 8],
    [[0, 0, 0], 1],
    [[3, 2, 1, -0.5], 2 / 16],
  ] as const) {
    assert.is(signFlipP(differences), p, differences.join(' '));
  }
  assert.ok(Number.isNaN(signFlipP([])));
});

test('under the null p is uniform: of all choices of signs a share of at most α has p ≤ α', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 7 }),
      fc.boolean(),
      (figures, distinct) => {
        // Powers of two make all sums different, so that each p is there exactly once.
        const sized = distinct ? figures.map((_, index) => 2 ** index) : figures;
        const all = signings(sized)
          .map(signFlipP)
          .sort((a, b) => a - b);
        if (distinct)
          assert.equal(
            all,
            all.map((_, index) => (index + 1) / all.length),
          );
        // p is at least its rank.
        else for (const [index, p] of all.entries()) assert.ok(p >= (index + 1) / all.length || all[index + 1] === p);
      },
    ),
  );
});

test('the range holds the true effect with the probability that it claims', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 999 }), { minLength: 5, maxLength: 8 }),
      fc.integer({ min: -500, max: 500 }),
      (noises, truth) => {
        const all = signings(noises).map((noise) => effectOf(pairsOfDifferences(noise.map((one) => truth + one))));
        const held = all.filter(({ range: [least, most] }) => least <= truth + 1e-9 && truth - 1e-9 <= most).length;
        const coverage = all[0]?.coverage ?? 1;
        assert.ok(coverage >= 0.93);
        assert.ok(held / all.length >= coverage - 1e-9, `${held} of ${all.length}, claimed ${coverage}`);
      },
    ),
    { numRuns: 30 },
  );
});

test('the range and the p-value move with the effect, and the effect lies within its range', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -300, max: 300 }), { minLength: 5, maxLength: 10 }),
      fc.integer({ min: 1, max: 500 }),
      (differences, more) => {
        const effect = effectOf(pairsOfDifferences(differences));
        const larger = effectOf(pairsOfDifferences(differences.map((difference) => difference + more)));
        const [least, most] = effect.range;
        assert.ok(least <= effect.saved + 1e-9 && effect.saved <= most + 1e-9);
        assert.ok(Math.abs(larger.range[0] - least - more) < 1e-6 && Math.abs(larger.range[1] - most - more) < 1e-6);
        assert.ok(larger.p <= effect.p);
        assert.ok(effect.pairsFor + effect.pairsAgainst <= effect.pairs);
      },
    ),
  );
});

test('twenty pairs are answered at once', () => {
  const started = performance.now();
  const { p, pairsFor } = effectOf(pairsOfDifferences(Array.from({ length: 20 }, (_, index) => 100 + index)));
  assert.is(p, 1 / 2 ** 20);
  assert.is(pairsFor, 20);
  assert.ok(performance.now() - started < 20_000);
});

test.run();
