/** Whole trials on files in memory with a journal on disk: what is found, and what is left wherever it ends. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { answerOfTrial } from '../../../src/diagnosis/trial/answer.ts';
import { openLimitSwitch } from '../../../src/diagnosis/trial/limit-switch.ts';
import type { PartyReading, TrialReading } from '../../../src/diagnosis/trial/measure.ts';
import { runTrial, type TrialOptions } from '../../../src/diagnosis/trial/run.ts';
import { applyPlan } from '../../../src/limits/applying/apply.ts';
import { changeToUndo, planUndo } from '../../../src/limits/applying/undo.ts';
import { planOf } from '../../limits/typed.ts';
import { messageOf, world } from '../../limits/world.ts';
import { mortal } from './mortal.ts';

const NOTHING: PartyReading = {
  usage: 0,
  cpuSome: 0,
  cpuFull: 0,
  ioSome: 0,
  memorySome: 0,
  ioBytes: 0,
  refaults: 0,
  failedForks: 0,
  memory: 0,
  ran: 0,
  waited: 0,
};

/** Deterministic: a coin that a seed tosses. */
function coin(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Behaviour {
  /** Milliseconds of each second that the victim waits, by whether the suspect is limited. */
  readonly wait: (isLimited: boolean) => number;
  readonly hasSchedstat?: boolean;
  /** That wait at once. */
  readonly threads?: number;
  /** The time from which on the victim is gone. */
  readonly ends?: number;
}

/** A trial of `--cpu-weight 1 --cpu 50%` on /box, whose victim is /victim, in simulated time. */
function simulated({ wait, hasSchedstat = true, threads = 1, ends = Number.POSITIVE_INFINITY }: Behaviour, seed = 1) {
  const box = world({ 'cpu.weight': '300' });
  const { files, context } = box;
  let now = 0;
  let [waited, suspectUsed, otherWaited] = [0, 0, 0];
  const isLimited = (): boolean => box.reads('cpu.weight') === '1';
  const read = async (): Promise<TrialReading> => {
    const ran = now - waited;
    const victim = { ...NOTHING, usage: ran * 1000, cpuSome: (waited * 1000) / threads, waited, ran };
    const unknown = { ran: Number.NaN, waited: Number.NaN };
    const parties: [string, PartyReading][] = [
      ...(now < ends
        ? [['/victim', hasSchedstat ? victim : { ...victim, ...unknown }] satisfies [string, PartyReading]]
        : []),
      ['/box', { ...NOTHING, ...unknown, usage: suspectUsed * 1000 }],
      ['/third', { ...NOTHING, ...unknown, cpuSome: otherWaited * 1000 }],
    ];
    return { time: now, parties: new Map(parties) };
  };
  const options = (): Omit<TrialOptions, 'limit'> => ({
    pairs: 8,
    windowMs: 1000,
    settleMs: 200,
    victim: '/victim',
    suspect: '/box',
    read,
    wait: async (ms) => {
      now += ms;
      waited += (wait(isLimited()) * ms) / 1000;
      suspectUsed += ((isLimited() ? 100 : 900) * ms) / 1000;
      otherWaited += ((isLimited() ? 300 : 50) * ms) / 1000;
    },
    random: coin(seed),
  });
  const plan = planOf(context, ['--cpu-weight', '1', '--cpu', '50%']);
  const open = () => openLimitSwitch(plan, { ...context, command: ['prove', 'box'] });
  return { ...box, files, options, plan, open };
}

const PARTIES = {
  resource: 'cpu',
  victim: { path: '/victim', name: 'victim' },
  suspect: { path: '/box', name: 'box' },
  others: [{ path: '/third', name: 'third' }],
} as const;

test('a culprit is proven, with what it costs the suspect and a third party; everything is as it was', async () => {
  const { options, open, reads, changes } = simulated({ wait: (limited) => (limited ? 40 : 400), threads: 3 });
  const windows = await runTrial({ ...options(), limit: open() });
  const answer = answerOfTrial({ ...PARTIES, windows });
  assert.ok(answer.isProven);
  assert.is(answer.measure.id, 'run_delay');
  const { off, on, saved, range, pairsFor, pairsAgainst, p } = answer.effect;
  assert.equal([off, on, saved].map(Math.round), [400, 40, 360]);
  assert.equal(range.map(Math.round), [360, 360]);
  assert.equal([pairsFor, pairsAgainst, p], [8, 0, 1 / 256]);
  assert.equal([answer.suspectUse.off, answer.suspectUse.on].map(Math.round), [900, 100]);
  assert.equal(
    answer.others.map(({ party, effect }) => [party.name, Math.round(effect.saved)]),
    [['third', -250]],
  );
  assert.equal([reads('cpu.weight'), reads('cpu.max')], ['300', 'max 100000']);
  assert.equal(
    changes().map(({ outcome }) => outcome),
    ['rolled-back'],
  );
});

test('of a victim with one thread, and without schedstat, the pressure tells', async () => {
  for (const hasSchedstat of [true, false]) {
    const { options, open } = simulated({ wait: (limited) => (limited ? 40 : 400), hasSchedstat });
    const answer = answerOfTrial({ ...PARTIES, windows: await runTrial({ ...options(), limit: open() }) });
    assert.is(answer.measure.id, 'psi_cpu_some');
    assert.ok(answer.isProven);
  }
});

test('an innocent is not proven guilty more often than chance says', async () => {
  let proven = 0;
  const runs = 200;
  for (let seed = 1; seed <= runs; seed++) {
    const noise = coin(seed * 7919);
    const { options, open } = simulated({ wait: () => 100 + 300 * noise() }, seed);
    const windows = await runTrial({ ...options(), limit: open() });
    if (answerOfTrial({ ...PARTIES, windows }).isProven) proven++;
  }
  // 12 of 256 choices of signs have p ≤ 0.05: 9.4 are expected, and 20 or more in one of a thousand.
  assert.ok(proven < 20, `${proven} of ${runs}`);
});

test('whatever ends it, the limit is taken back and the answer says after how many pairs', async () => {
  for (const [reason, break_] of [
    ['/victim ended', (world: ReturnType<typeof simulated>) => world.options()],
    [
      'interrupted',
      (world: ReturnType<typeof simulated>) => {
        const all = world.options();
        let waits = 0;
        const wait = async (ms: number): Promise<void> => {
          if (++waits > 9) throw new Error('interrupted');
          await all.wait(ms);
        };
        return { ...all, wait };
      },
    ],
  ] as const) {
    const world = simulated({ wait: () => 100, ends: reason === '/victim ended' ? 6000 : Number.POSITIVE_INFINITY });
    const message = await messageOf(runTrial({ ...break_(world), limit: world.open() }));
    assert.is(message, `${reason}: the trial ended after 2 of 8 pairs, and the limit is taken back`);
    assert.equal([world.reads('cpu.weight'), world.reads('cpu.max')], ['300', 'max 100000']);
    assert.is(world.changes()[0]?.outcome, 'rolled-back');
  }
});

test('a file that somebody changes meanwhile is theirs: the trial ends and leaves it', async () => {
  const world = simulated({ wait: () => 100 });
  const all = world.options();
  let waits = 0;
  const wait = async (ms: number): Promise<void> => {
    if (++waits === 7) world.becomes('cpu.weight', '777');
    await all.wait(ms);
  };
  const message = await messageOf(runTrial({ ...all, wait, limit: world.open() }));
  assert.match(message, /\/box\/cpu\.weight reads "777".*somebody changed it during the trial/);
  assert.is(world.reads('cpu.weight'), '777');
  assert.is(world.changes()[0]?.outcome, 'failed');
});

test('an undo elsewhere ends the trial for good', async () => {
  const world = simulated({ wait: () => 100 });
  const all = world.options();
  let waits = 0;
  const wait = async (ms: number): Promise<void> => {
    const [change] = world.changes();
    if (++waits === 7 && change) await world.undo(change);
    await all.wait(ms);
  };
  assert.match(await messageOf(runTrial({ ...all, wait, limit: world.open() })), /was undone during the trial/);
  assert.equal([world.reads('cpu.weight'), world.reads('cpu.max')], ['300', 'max 100000']);
});

test('kill -9 before or after any write of the trial: undo restores every file', async () => {
  const count = await writesOfTrial();
  assert.ok(count >= 20, `${count} writes`);
  let changed = 0;
  for (let at = 0; at < count; at++) {
    for (const isAfter of [false, true]) {
      const world = simulated({ wait: () => 100 });
      const { context, plan } = world;
      const { context: mortals, isDead } = mortal({ ...context, command: ['prove', 'box'] }, at, isAfter);
      await runTrial({ ...world.options(), limit: openLimitSwitch(plan, mortals) }).then(
        () => assert.unreachable(),
        () => {},
      );
      assert.ok(isDead());
      const change = changeToUndo(world.changes());
      assert.ok(change, `write ${at}: the change is in the journal`);
      const texts = [world.reads('cpu.weight'), world.reads('cpu.max')];
      if (texts.join() !== '300,max 100000') changed++;
      const undo = planUndo(change, context, world.changes());
      assert.equal(undo.risks, [], `write ${at}`);
      await applyPlan(undo, { ...context, undoes: change.id });
      assert.equal([world.reads('cpu.weight'), world.reads('cpu.max')], ['300', 'max 100000'], `write ${at}`);
    }
  }
  assert.ok(changed > count / 2, `${changed} deaths left something`);
});

async function writesOfTrial(): Promise<number> {
  const world = simulated({ wait: () => 100 });
  await runTrial({ ...world.options(), limit: world.open() });
  return world.files.writes.length;
}

test('the order is drawn anew for each pair, and each pair has both', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 2 ** 31 }), async (seed) => {
      const { options, open } = simulated({ wait: () => 100 }, seed);
      const windows = await runTrial({ ...options(), limit: open() });
      for (let pair = 0; pair < 8; pair++) {
        const both = windows.filter((window) => window.pair === pair).map(({ isOn }) => isOn);
        assert.equal(both.sort(), [false, true]);
      }
    }),
    { numRuns: 10 },
  );
});

test.run();
