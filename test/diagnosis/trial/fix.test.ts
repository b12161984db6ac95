/** Whether a remedy is kept, by table and by property. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cause } from '../../../src/diagnosis/model.ts';
import { type FixOutcome, type FixWindow, judgeFix, lossBefore } from '../../../src/diagnosis/trial/fix.ts';
import type { Rates } from '../../../src/diagnosis/trial/measure.ts';
import { rankSumZ } from '../../../src/diagnosis/trial/statistics.ts';

const NOTHING: Rates = {
  ...{ usage: 0, cpuSome: 0, cpuFull: 0, ioSome: 0, memorySome: 0, ioBytes: 0, refaults: 0, failedForks: 0, memory: 0 },
  ...{ ran: 0, waited: 0 },
};

const WEB = { path: '/web', name: 'web' };
const DB = { path: '/db', name: 'db' };

/** A window for each figure of web; `db`: milliseconds of each second that db waits for a CPU. */
const windows = (key: keyof Rates, web: readonly number[], db: readonly number[] = []): FixWindow[] =>
  web.map(
    (value, index) =>
      new Map([
        ['/web', { ...NOTHING, [key]: value }],
        ...(db.length > 0 ? [['/db', { ...NOTHING, cpuSome: db[index % db.length] ?? 0 }] as const] : []),
      ]),
  );

interface Case {
  readonly is: FixOutcome;
  readonly cause?: Cause;
  readonly key?: keyof Rates;
  readonly before: readonly number[];
  readonly meanwhile: readonly number[];
  readonly db?: readonly [before: readonly number[], meanwhile: readonly number[]];
}

const steady = (value: number, count = 10): number[] => Array.from({ length: count }, (_, at) => value + (at % 3));

const CASES: Readonly<Record<string, Case>> = {
  'its loss is gone': { is: 'helped', before: steady(400), meanwhile: steady(10, 30) },
  'exactly half is left': { is: 'helped', before: steady(400), meanwhile: steady(199, 30) },
  'more than half is left': { is: 'no help', before: steady(400), meanwhile: steady(220, 30) },
  'nothing changes': { is: 'no help', before: steady(400), meanwhile: steady(400, 30) },
  'it is worse': { is: 'no help', before: steady(100), meanwhile: steady(800, 30) },
  'bursts that come once in a while': {
    is: 'chance',
    before: [0, 0, 0, 0, 900, 0, 0, 0, 0, 0],
    meanwhile: [0, 0, 0, 0, 0, 0, 0, 0, 400, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  },
  'a third party loses what it gains': {
    ...{ is: 'others worse', before: steady(400), meanwhile: steady(10, 30) },
    db: [steady(5), steady(90, 30)],
  },
  'a third party loses a little, below what counts': {
    ...{ is: 'helped', before: steady(400), meanwhile: steady(10, 30) },
    db: [steady(5), steady(20, 30)],
  },
  'a third party goes up and down as before': {
    ...{ is: 'helped', before: steady(400), meanwhile: steady(10, 30) },
    db: [
      [0, 300, 100, 0, 250, 0, 280, 90, 0, 200],
      [0, 310, 90, 0, 260, 0, 290, 120, 30, 230],
    ],
  },
  'a third party that helped nobody is not told first': {
    ...{ is: 'no help', before: steady(400), meanwhile: steady(390, 30) },
    db: [steady(5), steady(200, 30)],
  },
  'io has its own pressure': {
    ...{ is: 'helped', cause: 'disk', key: 'ioSome', before: steady(300), meanwhile: steady(50, 30) },
  },
  'so has memory': {
    ...{ is: 'no help', cause: 'own-memory', key: 'memorySome', before: steady(300), meanwhile: steady(250, 30) },
  },
  'forks that fail are counted': {
    ...{ is: 'helped', cause: 'pids', key: 'failedForks', before: steady(40), meanwhile: steady(0, 30).map(() => 0) },
  },
};

for (const [name, { is, cause = 'cpu-wait', key = 'cpuFull', before, meanwhile, db }] of Object.entries(CASES)) {
  test(`${is}: ${name}`, () => {
    const { outcome, worse } = judgeFix({
      ...{ cause, victim: WEB, others: db ? [DB] : [] },
      before: windows(key, before, db?.[0]),
      meanwhile: windows(key, meanwhile, db?.[1]),
    });
    assert.is(outcome, is);
    assert.is(worse.length > 0, db !== undefined && (is === 'others worse' || is === 'no help'));
  });
}

test('others of whom nothing can be read are not fine; where there are none, nobody is harmed', () => {
  const judged = (others: readonly (typeof DB)[]) =>
    judgeFix({
      ...{ cause: 'cpu-wait', victim: WEB, others },
      before: windows('cpuFull', steady(400)),
      meanwhile: windows('cpuFull', steady(10, 30)),
    }).outcome;
  assert.is(judged([DB]), 'others unknown');
  assert.is(judged([]), 'helped');
});

test('a loss that is none any more is told before anything is done', () => {
  const of = (cause: Cause, key: keyof Rates, value: number): boolean =>
    lossBefore({
      cause,
      victim: WEB,
      before: windows(
        key,
        steady(value).map(() => value),
      ),
    }).isLost;
  assert.is(of('cpu-wait', 'cpuFull', 200), true);
  assert.is(of('cpu-wait', 'cpuFull', 8), false);
  assert.is(of('pids', 'failedForks', 1), true);
  assert.is(of('pids', 'failedForks', 0), false);
});

const losses = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 5, maxLength: 30 });

test('kept only where the loss falls by half and nobody else loses more, in whatever order the windows come', () => {
  fc.assert(
    fc.property(losses, losses, losses, losses, (before, meanwhile, dbBefore, dbMeanwhile) => {
      const judged = (turn: (values: readonly FixWindow[]) => readonly FixWindow[]) =>
        judgeFix({
          ...{ cause: 'cpu-wait', victim: WEB, others: [DB] },
          before: turn(windows('cpuFull', before, dbBefore)),
          meanwhile: turn(windows('cpuFull', meanwhile, dbMeanwhile)),
        });
      const { outcome, victim, worse } = judged((values) => values);
      assert.is(judged((values) => values.toReversed()).outcome, outcome);
      if (outcome === 'helped') assert.ok(victim.meanwhile <= victim.before / 2 && worse.length === 0);
      const lift = Math.min(...dbMeanwhile) - Math.max(...dbBefore);
      if (lift >= 20) assert.is.not(outcome, 'helped', 'a third party lost more in every second');
    }),
  );
});

test('rank sums: opposite for the other side, none for equal ones, the largest for what lies apart', () => {
  fc.assert(
    fc.property(losses, losses, (a, b) => {
      assert.ok(Math.abs(rankSumZ(a, b) + rankSumZ(b, a)) < 1e-9);
      assert.ok(
        rankSumZ(
          a,
          b.map((value) => value + 2000),
        ) >= rankSumZ(a, b),
      );
    }),
  );
  assert.is(rankSumZ([5, 5, 5], [5, 5]), 0);
  assert.is(rankSumZ([], [1]), 0);
  assert.ok(Math.abs(rankSumZ([1, 2, 3], [4, 5, 6]) - 1.964) < 0.001);
});

test.run();
