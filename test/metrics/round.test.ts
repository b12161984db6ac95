import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRound } from '../../src/metrics/round.ts';

const TURN_MS = 1000;

const passedOf = (round: ReturnType<typeof createRound>, rows: number): number[] =>
  Array.from({ length: rows }, (_, row) => row).filter(round.passes);

test('a tick passes neighbours, and the first one none', () => {
  const round = createRound();
  round.follow(new Int32Array(10).fill(-1));
  const ticks = [0, 300, 600, 1000, 1300, 5000].map((now) => {
    round.begin(now, TURN_MS);
    return passedOf(round, 10);
  });
  assert.equal(ticks, [[], [0, 1, 2], [3, 4, 5], [6, 7, 8, 9], [0, 1, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
});

test('no row waits longer for its turn, whatever the ticks last and whichever rows come and go', () => {
  const tick = fc.record({ ms: fc.integer({ min: 1, max: 1500 }), made: fc.nat(4), at: fc.nat(30), gone: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(tick, { maxLength: 60, size: 'max' }), (ticks) => {
      const round = createRound();
      let [rows, names, now] = [[] as number[], 0, 0];
      const since = new Map<number, number>();
      for (const { ms, made, at, gone } of ticks) {
        const before = rows;
        rows = rows.filter((_, row) => row !== gone);
        rows.splice(at % (rows.length + 1), 0, ...Array.from({ length: made }, () => names++));
        now += ms;
        round.follow(Int32Array.from(rows, (name) => before.indexOf(name)));
        round.begin(now, TURN_MS);
        for (const [row, name] of rows.entries()) {
          if (round.passes(row) || !since.has(name)) since.set(name, now);
          assert.ok(now - (since.get(name) ?? 0) < TURN_MS, `row ${name} waits for its turn`);
        }
      }
    }),
  );
});

test('where turns become shorter or longer, so does what is left of each', () => {
  const round = createRound();
  round.follow(new Int32Array(4).fill(-1));
  round.begin(0, 1000);
  const ticks = [
    [500, 2000],
    [1000, 2000],
    [1500, 1000],
    [1600, 1000],
    [1800, 1000],
  ].map(([now = 0, turnMs = 0]) => {
    round.begin(now, turnMs);
    return passedOf(round, 4);
  });
  assert.equal(ticks, [[0, 1], [2], [3], [], []]);
});

test('each row has turns of its own length', () => {
  const round = createRound();
  round.follow(new Int32Array(4).fill(-1));
  const turnMs = Float64Array.of(1000, 2000, 1000, 4000);
  const ticks = [0, 500, 1000, 1500, 2000, 3000, 4000].map((now) => {
    round.begin(now, turnMs);
    return passedOf(round, 4);
  });
  assert.equal(ticks, [[], [0], [1, 2], [0], [2], [0, 1, 2], [0, 2, 3]]);
});

test.run();
