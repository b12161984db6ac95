/** When an alert fires and clears. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type AlertState, alertsAfter, MOST_ALERTS, NO_ALERTS } from '../../../src/diagnosis/alerts/evaluate.ts';
import { type AlertRule, parseAlertRule } from '../../../src/diagnosis/alerts/rule.ts';
import { openAlertWatch } from '../../../src/diagnosis/alerts/watch.ts';
import { hostUsage } from '../../../src/metrics/host.ts';
import type { Frame } from '../../../src/metrics/source.ts';
import { usageOf } from '../../../src/metrics/usage.ts';
import { snapshotOf } from '../../metrics/snapshots.ts';

/** Of containers with so many tasks each; NaN: unavailable. */
function frameAt(ms: number, tasks: Readonly<Record<string, number>>): Frame {
  const names = Object.keys(tasks);
  const snapshot = snapshotOf(
    ms / 1000,
    names.map((name, index) => {
      const value = tasks[name] ?? Number.NaN;
      const figures: Record<string, number> = Number.isNaN(value) ? {} : { 'pids.current:value': value };
      return { path: `/${name}`, inode: index + 1, figures };
    }),
  );
  return {
    usage: usageOf(undefined, { ...snapshot, wall: ms }),
    host: hostUsage(undefined, snapshot.host),
    workloads: snapshot.rows.map(({ path, inode }) => ({ kind: 'container', name: path.slice(1), path, inode })),
    cost: { milliseconds: 1, reads: 1, descriptors: 1, missed: 0 },
  };
}

/** What happens over these Frames, as `1000 web fired`. */
function storyOf(rules: readonly AlertRule[], frames: readonly Frame[]): string[] {
  let state: AlertState = NO_ALERTS;
  return frames.flatMap((frame) => {
    const { state: next, news } = alertsAfter(state, rules, frame);
    state = next;
    return news.map(({ time, what, alert }) => `${time} ${alert.workload.name} ${what}`);
  });
}

const seconds = (values: readonly number[]): Frame[] => values.map((web, second) => frameAt(second * 1000, { web }));

test('it fires when it has held for so long, and clears when it has not for as long', () => {
  const rule = parseAlertRule('web.pids > 20 for 2s');
  assert.equal(storyOf([rule], seconds([30, 30, 10, 30, 30, 30, 30, 10, 30, 10, 10, 10])), [
    '5000 web fired',
    '11000 web cleared',
  ]);
});

test('with until it clears on the other side of that only', () => {
  const rule = parseAlertRule('web.pids > 20 until 10');
  assert.equal(storyOf([rule], seconds([21, 15, 11, 21, 10, 15, 20, 21])), [
    '0 web fired',
    '4000 web cleared',
    '7000 web fired',
  ]);
  assert.equal(storyOf([parseAlertRule('web.pids < 5 until 10')], seconds([4, 9, 10])), [
    '0 web fired',
    '2000 web cleared',
  ]);
});

test('what is unavailable neither fires nor clears, and its time counts for neither', () => {
  const rule = parseAlertRule('web.pids > 20 for 2s');
  const no = Number.NaN;
  assert.equal(storyOf([rule], seconds([no, 30, no, no, no, 30, 30, 30, no, no, no, 10, no, 10, 10, 10])), [
    '7000 web fired',
    '15000 web cleared',
  ]);
});

test('a glob has an alert for each of them; what ends while it fires is told once', () => {
  const rule = parseAlertRule('w*.pids >= 5');
  const frames = [frameAt(0, { web: 5, wide: 4, db: 9 }), frameAt(1000, { web: 5, wide: 6, db: 9 }), frameAt(2000, {})];
  assert.equal(storyOf([rule], [...frames, frameAt(3000, {})]), [
    '0 web fired',
    '1000 wide fired',
    '2000 web ended',
    '2000 wide ended',
  ]);
});

test('what has another name while it fires ends where the rule does not mean that name', () => {
  const rules = ['web.pids > 20', 'w*.pids > 20'].map((text) => parseAlertRule(text));
  const named = (ms: number, name: string): Frame => frameAt(ms, { [name]: 30 });
  assert.equal(storyOf(rules, [named(0, 'web'), named(1000, 'web-old'), named(2000, 'db'), named(3000, 'db')]), [
    '0 web fired',
    '0 web fired',
    '1000 web ended',
    '2000 web-old ended',
  ]);
});

test('of more alerts than are remembered those that were there stay, and that others are left out is told once', () => {
  const rules = Array.from({ length: 100 }, (_, least) => parseAlertRule(`*.pids >= ${least}`));
  const tasksOf = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`w${index}`, 100]));
  const one = alertsAfter(NO_ALERTS, rules, frameAt(0, tasksOf(1)));
  const many = alertsAfter(one.state, rules, frameAt(1000, tasksOf(MOST_ALERTS / 100 + 3)));
  assert.equal([one.leftOut, many.leftOut, many.state.size], [0, 300, MOST_ALERTS]);
  assert.is([...many.state.values()].filter(({ workload }) => workload.name === 'w0').length, 100);
  assert.is(many.news.length, MOST_ALERTS - 100);
  const watch = openAlertWatch(rules);
  const leftOut = (count: number, ms: number): number =>
    watch.after(frameAt(ms, tasksOf(count))).filter(({ text }) => /alerts at once, and \d+ more/.test(text)).length;
  const counts = [103, 103, 100, 101, 0, 103];
  assert.equal(
    counts.map((count, second) => leftOut(count, second * 1000)),
    [1, 0, 0, 0, 0, 1],
  );
});

test('the time lost to a cause, also where more is lost to another', () => {
  const at = (second: number): Frame => {
    const lost = (ref: string, ms: number) => [`${ref}.total`, second * ms * 1000] as const;
    const figures = Object.fromEntries([
      ['cpu.stat:usage_usec', second * 100_000],
      ...[lost('cpu.pressure:some', 300), lost('cpu.pressure:full', 300), lost('io.pressure:some', 700)],
      ...[lost('io.pressure:full', 0), lost('memory.pressure:some', 0), lost('memory.pressure:full', 0)],
    ]);
    const rows = (second: number) => [{ path: '/web', figures: second === 0 ? zeroed(figures) : figures }];
    const frame = frameAt(second * 1000, { web: 1 });
    return { ...frame, usage: usageOf(snapshotOf(0, rows(0)), { ...snapshotOf(1, rows(1)), wall: second * 1000 }) };
  };
  const story = (text: string): string[] => storyOf([parseAlertRule(text)], [at(1)]);
  assert.equal(story('web.cpu_wait > 29'), ['1000 web fired']);
  assert.equal(story('web.cpu_wait > 31'), []);
  assert.equal(story('web.disk > 69'), ['1000 web fired']);
  assert.equal(story('web.own_cpu_quota < 1'), ['1000 web fired']);
});

test('the clauses of a rule are in either order, and each is given once', () => {
  for (const text of ['web.pids > 20 for 2s until 10', 'web.pids > 20 until 10  for 2s ']) {
    const { forMs, until } = parseAlertRule(text);
    assert.equal({ forMs, until }, { forMs: 2000, until: 10 }, text);
  }
  assert.throws(() => parseAlertRule('web.pids > 20 for 2s for 3s'), /^for is given twice: 2s and 3s$/);
  assert.is(parseAlertRule('web for you.pids > 20').condition.name, 'web for you');
});

const zeroed = (figures: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.keys(figures).map((key) => [key, 0]));

/** The same by its definition: the time between neighbours that are both on one side, back to the last one on the other. */
function isDue(
  samples: readonly (readonly [time: number, value: number])[],
  isThere: (value: number) => boolean,
  ms: number,
) {
  let sum = 0;
  for (let at = samples.length - 1; at >= 0; at--) {
    const [time, value] = samples[at] ?? [0, 0];
    const [before, earlier] = samples[at - 1] ?? [0, Number.NaN];
    if (!Number.isNaN(value) && !isThere(value)) break;
    if (isThere(value) && isThere(earlier)) sum += time - before;
  }
  return isThere(samples.at(-1)?.[1] ?? Number.NaN) && sum >= ms;
}

test('whatever the figures are, it fires and clears by its definition', () => {
  const step = fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.constantFrom(Number.NaN, 0, 10, 11, 15, 20, 21, 50));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 0, max: 4 }), (steps, duration) => {
      const rule = parseAlertRule(`web.pids > 20 for ${duration}s until 10`);
      let [state, time, firing, since]: [AlertState, number, boolean, number] = [NO_ALERTS, 0, false, 0];
      const samples: [number, number][] = [];
      for (const [pause, web] of steps) {
        time += pause;
        samples.push([time, web]);
        const { state: next, news } = alertsAfter(state, [rule], frameAt(time, { web }));
        state = next;
        // What came before it changed last counts no more.
        const isThere = (value: number): boolean => (firing ? value <= 10 : value > 20);
        const expected = isDue(samples.slice(since), isThere, duration * 1000);
        assert.is(news.length, Number(expected), `${samples}`);
        if (!expected) continue;
        firing = !firing;
        since = samples.length;
        assert.is(news[0]?.what, firing ? 'fired' : 'cleared');
      }
    }),
    { numRuns: 500 },
  );
});

test('what is no rule says what is wrong', () => {
  for (const [text, why] of [
    ['web.pids', /is no condition/],
    ['web.pids > 20 for ever', /"ever" is not a time/],
    ['web.pids > 20 until 30', /until 30: it would clear where it fires/],
    ['web.pids < 20 until 10', /it would clear where it fires/],
    ['web.steal > 20', /steal takes a closer look.*; there are (?!.*(steal|swap|own_io_max)).*cpu_wait, /],
    ['web.nothing > 20', /no figure "nothing"; there are (?!.*(steal|swap|own_io_max)).*cpu_wait, /],
    ['web.memory_bytes > lots', /is not a size/],
    ['', /is no condition/],
  ] as const)
    assert.throws(
      () => parseAlertRule(text),
      (error: unknown) => error instanceof Error && why.test(error.message),
      text,
    );
  assert.is(parseAlertRule('*.memory_bytes > 1G for 2m').forMs, 120_000);
});

test.run();
