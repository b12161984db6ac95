/** Looks that nobody asked for: whom they look at, what they may cost, and what is kept of them. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openBackgroundLooks } from '../../src/diagnosis/background.ts';
import { createFindingLog, findingLine } from '../../src/diagnosis/finding-log.ts';
import { createLookBudget } from '../../src/diagnosis/look-budget.ts';
import type { Cause, Finding, Victim } from '../../src/diagnosis/model.ts';

const victimOf = (inode: number): Victim => ({ path: `/w${inode}`, inode, name: `w${inode}` });

const findingOf = (inode: number, cause: Cause = 'cpu-wait', when = 0): Finding => ({
  ...{ workload: victimOf(inode), when, window: 5, source: 'files', missing: [] },
  verdicts: [
    {
      ...{ cause, loss: cause === 'cpu-wait' ? 312.4 : Number.NaN, sentence: '', figures: [], remedies: [] },
      suspects: [
        { ...{ what: 'workload', path: '/batch', name: 'batch', evidence: '' }, blame: 0.92, confidence: 0.9 },
      ],
    },
  ],
});

/** A clock and a CPU that go on by hand. */
function clocked(share?: number) {
  const clock = { time: 0, cpu: 0 };
  const budget = createLookBudget({ share, now: () => clock.time, cpuMs: () => clock.cpu });
  return { clock, budget };
}

test('looks cost at most their share of a CPU in the long run, whatever each of them costs', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 6000 })), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, fc.constantFrom(0.1, 0.01), (all, share) => {
      const { clock, budget } = clocked(share);
      let spent = 0;
      let dearest = 0;
      for (const [pause, cost] of all) {
        clock.time += pause;
        const end = budget.begin();
        assert.is(end === undefined, budget.reason() !== undefined && end === undefined);
        if (!end) continue;
        clock.time += 5000;
        clock.cpu += cost;
        end();
        end();
        spent += cost;
        dearest = Math.max(dearest, cost);
      }
      assert.ok(spent <= share * (clock.time + 30_000) + dearest, `${spent} in ${clock.time}`);
    }),
  );
});

test('what the program uses anyway is not charged to its looks; one look at a time', () => {
  const { clock, budget } = clocked();
  const passes = (ms: number, share: number): void => {
    clock.time += ms;
    clock.cpu += ms * share;
  };
  for (let round = 0; round < 20; round++) {
    passes(10_000, 0.6);
    const end = budget.begin();
    assert.ok(end, 'a look that costs nothing of its own is never put off');
    assert.is(budget.begin(), undefined);
    assert.is(budget.reason(), undefined, 'another one is under way, which is no lack');
    passes(5000, 0.6);
    end();
  }
  const dear = budget.begin();
  passes(5000, 1.6);
  dear?.();
  assert.is(budget.begin(), undefined);
  assert.match(budget.reason() ?? '', /10 % of a CPU; the next one is in \d+ s/);
  passes(120_000, 0.6);
  assert.ok(budget.begin());
});

function looking(longestMs?: number) {
  const { clock, budget } = clocked();
  const asked: string[] = [];
  const told: string[] = [];
  let finish: (cost: number, cause?: Cause) => void = () => {};
  const looks = openBackgroundLooks({
    budget,
    ...(longestMs !== undefined && { longestMs }),
    now: () => clock.time,
    look: (victims, _, signal) =>
      new Promise((resolve, reject) => {
        asked.push(victims.map(({ name }) => name).join(' '));
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        finish = (cost, cause) => {
          clock.time += 5000;
          clock.cpu += cost;
          resolve(victims.map(({ inode }) => findingOf(inode, cause)));
        };
      }),
    onFindings: (findings) => void told.push(`found ${findings.map(({ workload }) => workload.name).join(' ')}`),
    onPutOff: (victims, why) => void told.push(`put off ${victims.map(({ name }) => name).join(' ')}: ${why}`),
  });
  return { clock, looks, asked, told, finish: (cost: number, cause?: Cause) => finish(cost, cause) };
}

test('those whose turn it is are looked at together, one look at a time, each again after a minute', async () => {
  const { clock, looks, asked, told, finish } = looking();
  const first = looks.consider([victimOf(1), victimOf(2)], []);
  await looks.consider([victimOf(3)], []);
  finish(100);
  await first;
  const second = looks.consider([victimOf(1), victimOf(3)], []);
  finish(100);
  await second;
  await looks.consider([victimOf(1), victimOf(2)], []);
  assert.equal(asked, ['w1 w2', 'w3']);
  clock.time += 60_000;
  const third = looks.consider([victimOf(1)], []);
  finish(100);
  await third;
  assert.equal(asked.slice(2), ['w1']);
  assert.equal(told, ['found w1 w2', 'found w3', 'found w1']);
});

test('while looks find the same they are made less and less often, and each minute again once they find another', async () => {
  const { clock, looks, asked, finish } = looking(300_000);
  /** The minute of each look while a workload suffers in these minutes. */
  async function suffers(minutes: number, cause?: Cause): Promise<number[]> {
    const looked: number[] = [];
    for (let minute = 0; minute < minutes; minute++) {
      const before = asked.length;
      const begun = looks.consider([victimOf(1)], []);
      const isLook = asked.length > before;
      if (isLook) {
        looked.push(minute);
        finish(0, cause);
      }
      await begun;
      clock.time += isLook ? 55_000 : 60_000;
    }
    return looked;
  }
  assert.equal(await suffers(18), [0, 1, 3, 7, 12, 17]);
  assert.equal(await suffers(10, 'disk'), [4, 5, 7]);
  clock.time += 600_000;
  assert.equal(await suffers(3, 'disk'), [0, 1], 'what was well for as long is looked at as for the first time');
});

test('beyond the budget a look is put off, said once, and made when the budget is there again', async () => {
  const { clock, looks, asked, told, finish } = looking();
  const first = looks.consider([victimOf(1)], []);
  finish(9000);
  await first;
  for (let second = 0; second < 5; second++) {
    clock.time += 1000;
    await looks.consider([victimOf(2)], []);
  }
  assert.equal(asked, ['w1']);
  assert.is(told.length, 2);
  assert.match(told[1] ?? '', /^put off w2: .*10 % of a CPU/);
  clock.time += 120_000;
  const again = looks.consider([victimOf(2)], []);
  finish(10);
  await again;
  assert.equal(asked, ['w1', 'w2']);
});

test('a look that is cancelled lets another begin at once, and its victims are looked at again', async () => {
  const { looks, asked, told, finish } = looking();
  const first = looks.consider([victimOf(1)], []);
  looks.cancel();
  await first;
  const second = looks.consider([victimOf(1)], []);
  finish(10);
  await second;
  assert.equal(asked, ['w1', 'w1']);
  assert.equal(told, ['found w1']);
});

test('the last 200 findings of trouble are kept, each in a line', () => {
  const log = createFindingLog();
  log.add([findingOf(1, 'fine'), findingOf(2, 'unknown')]);
  assert.equal(log.all(), []);
  for (let when = 0; when < 250; when++) log.add([findingOf(when % 3, 'cpu-wait', when)]);
  assert.is(log.all().length, 200);
  assert.is(log.all()[0]?.when, 50);
  assert.is(log.lastOf(1)?.when, 247);
  assert.is(log.lastOf(9), undefined);
  assert.is(findingLine(findingOf(1)), 'cpu wait 312 ms/s, because of batch (92 %)');
  assert.is(findingLine(findingOf(1, 'pids')), 'pids limit, because of batch (92 %)');
});

test.run();
