/** What a limit would have done: the ranges hold the truth, however the use lay between the samples. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CpuSample, cpuWhatIf, memoryWhatIf, type Span } from '../../src/diagnosis/what-if.ts';

const within = ({ least, most }: Span, truth: number): boolean => least <= truth + 1e-6 && truth <= most + 1e-6;

/** Ticks of 10 ms, ten of which are a period of the quota; each is how much of the CPUs was used. */
const TICK = 0.01;
const PERIOD_TICKS = 10;

const uses = fc.array(
  fc.oneof(
    fc.constant(0),
    fc.constant(1),
    fc.double({ min: 0, max: 1, noNaN: true }),
    // Long stretches of one use, for bursts are what matters.
    fc.constant(-1),
  ),
  { minLength: 1, maxLength: 400 },
);

/** CPU seconds of each tick. */
function ticksOf(drawn: readonly number[], cpus: number): number[] {
  let last = 0;
  return drawn.map((use) => {
    last = use < 0 ? last : use;
    return Math.round(last * cpus * TICK * 1e6) / 1e6;
  });
}

/** As the kernel counts, with a period that begins `phase` ticks before the first sample. */
function truthOf(ticks: readonly number[], quota: number, phase: number) {
  const periods: number[] = [];
  ticks.forEach((use, index) => {
    const period = Math.floor((index + phase) / PERIOD_TICKS);
    periods[period] = (periods[period] ?? 0) + use;
  });
  const each = quota * TICK * PERIOD_TICKS;
  const beyond = periods.map((use) => use - each).filter((use) => use > 1e-7);
  let [queue, longest] = [0, 0];
  for (const use of periods) {
    queue = Math.max(0, queue + (use ?? 0) - each);
    longest = Math.max(longest, queue);
  }
  return {
    throttled: beyond.length,
    excess: beyond.reduce((sum, use) => sum + use, 0),
    delay: longest / quota,
  };
}

/** Every `every` ticks, the last one included where it falls so. */
function samplesOf(ticks: readonly number[], every: number): CpuSample[] {
  const samples = [{ time: 0, usage: 0 }];
  let usage = 0;
  ticks.forEach((use, index) => {
    usage += use * 1e6;
    if ((index + 1) % every === 0) samples.push({ time: (index + 1) * TICK, usage: Math.round(usage) });
  });
  return samples;
}

test('the ranges of a CPU quota hold what the kernel would have counted', () => {
  fc.assert(
    fc.property(
      uses,
      fc.constantFrom(1, 2, 4),
      fc.constantFrom(0.1, 0.25, 0.5, 1, 1.5, 3),
      fc.integer({ min: 0, max: PERIOD_TICKS - 1 }),
      fc.constantFrom(1, 2, 5, 7, 10, 50, 100),
      (drawn, cpus, quota, phase, every) => {
        const all = ticksOf(drawn, cpus);
        const ticks = all.slice(0, all.length - (all.length % every));
        const answer = cpuWhatIf(samplesOf(ticks, every), { quota, period: TICK * PERIOD_TICKS, cpus });
        const truth = truthOf(ticks, quota, phase);
        assert.ok(within(answer.throttledPeriods, truth.throttled), JSON.stringify([answer.throttledPeriods, truth]));
        assert.ok(within(answer.excess, truth.excess), JSON.stringify([answer.excess, truth]));
        assert.ok(within(answer.delay, truth.delay), JSON.stringify([answer.delay, truth]));
      },
    ),
    { numRuns: 500 },
  );
});

test('a steady use is told whatever the time between samples, and closer with finer ones', () => {
  const ticks = Array.from({ length: 6000 }, () => 0.8 * TICK);
  for (const every of [100, 10, 1]) {
    const { throttledPeriods, excess, delay } = cpuWhatIf(samplesOf(ticks, every), {
      quota: 0.5,
      period: 0.1,
      cpus: 1,
    });
    // All 600 periods, 0.03 s beyond in each.
    assert.ok(excess.least > 17.8 && excess.least <= 18 && excess.most >= 18, JSON.stringify(excess));
    assert.ok(throttledPeriods.least > 300 && throttledPeriods.most >= 600, JSON.stringify(throttledPeriods));
    assert.ok(Math.abs(delay.least - 35.8) < 0.01 && delay.most - delay.least < 0.02 * every + 0.3);
  }
});

test('what stays below the quota in each period is never throttled; idle is nothing at all', () => {
  const ticks = Array.from({ length: 300 }, () => 0.2 * TICK);
  const answer = cpuWhatIf(samplesOf(ticks, 2), { quota: 0.5, period: 0.1, cpus: 4 });
  assert.equal(
    [answer.throttledPeriods, answer.excess],
    [
      { least: 0, most: 0 },
      { least: 0, most: 0 },
    ],
  );
  assert.is(answer.meanCpus.toFixed(3), '0.200');
  const idle = cpuWhatIf(
    samplesOf(
      ticks.map(() => 0),
      100,
    ),
    { quota: 0.5, period: 0.1, cpus: 4 },
  );
  assert.equal(idle.delay, { least: 0, most: 0 });
});

test('a counter that goes back, and a clock that stands, are left out', () => {
  const samples = [
    { time: 0, usage: 5e6 },
    { time: 1, usage: 1e6 },
    { time: 1, usage: 2e6 },
    { time: 2, usage: 2.5e6 },
  ];
  const { seconds, samples: count, mostCpus } = cpuWhatIf(samples, { quota: 1, period: 0.1, cpus: 2 });
  assert.equal([seconds, count, mostCpus], [1, 1, 0.5]);
});

test('memory: the time over a limit lies between that of both ends and that of either', () => {
  const at = (bytes: number, index: number, kept = bytes / 2) => ({ time: index, bytes, kept });
  const answer = memoryWhatIf(
    [10, 20, 120, 130, 90, 240].map((bytes, index) => at(bytes, index)),
    100,
  );
  assert.equal(answer.over, { least: 1, most: 4 });
  assert.equal(answer.short, { least: 0, most: 1 });
  assert.equal([answer.crossings, answer.mostBytes, answer.mostKept, answer.seconds], [2, 240, 120, 5]);
});

test('memory that moves in one direction between samples is within the range', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 2, maxLength: 50 }),
      fc.integer({ min: 0, max: 1000 }),
      (figures, limit) => {
        const { over } = memoryWhatIf(
          figures.map((bytes, time) => ({ time, bytes, kept: bytes })),
          limit,
        );
        let truth = 0;
        figures.slice(1).forEach((next, index) => {
          const before = figures[index] ?? 0;
          if (before > limit && next > limit) truth += 1;
          else if (before > limit !== next > limit) truth += (Math.max(before, next) - limit) / Math.abs(next - before);
        });
        assert.ok(within(over, truth));
      },
    ),
  );
});

test.run();
