/** A remedy that is tried, on files in memory with a journal on disk: what is kept, and what is left wherever it is killed. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FixAnswer, FixOutcome } from '../../../src/diagnosis/trial/fix.ts';
import { CPU_FULL } from '../../../src/diagnosis/trial/measure.ts';
import { tryFix } from '../../../src/diagnosis/trial/try-fix.ts';
import { applyPlan } from '../../../src/limits/applying/apply.ts';
import type { ApplyContext } from '../../../src/limits/applying/context.ts';
import { changeToUndo, planRevert, planUndo } from '../../../src/limits/applying/undo.ts';
import type { PlanContext } from '../../../src/limits/model.ts';
import { planOf } from '../../limits/typed.ts';
import { messageOf, world } from '../../limits/world.ts';
import { mortal } from './mortal.ts';

const MIB = 2 ** 20;
const BEFORE = { 'cpu.weight': '50', 'memory.max': String(100 * MIB), 'memory.high': 'max', 'pids.max': '40' };

/**
 * A box that grows from 90 to 250 MiB of page cache while it has a memory.max of 400 MiB. So the way back has to reclaim, which
 * takes many writes of memory.high.
 */
function grown(words: readonly string[] = ['--cpu-weight', '200', '--memory', '400M', '--pids', '80']) {
  const box = world({ ...BEFORE, 'memory.current': String(90 * MIB), 'memory.stat': cacheOf(250) });
  box.files.beforeWrite = (_, file, text) => {
    if (file === 'memory.high' && text !== 'max') {
      box.becomes('memory.current', String(Math.min(Number(box.reads('memory.current')), Number(text))));
    }
  };
  const left = (): string[] => Object.keys(BEFORE).map((file) => `${file}=${box.reads(file)}`);
  const plan = planOf(box.context, words);
  const grow = (): void => void box.becomes('memory.current', String(250 * MIB));
  return { ...box, left, plan, grow };
}

const cacheOf = (mib: number): string =>
  `anon 0\ninactive_anon 0\nactive_anon 0\ninactive_file ${mib * MIB}\nactive_file 0\nslab_reclaimable 0`;

const AS_BEFORE = Object.entries(BEFORE).map(([file, text]) => `${file}=${text}`);

const answer = (outcome: FixOutcome): FixAnswer => ({
  ...{ outcome, worse: [] },
  victim: { party: { path: '/box', name: 'box' }, measure: CPU_FULL, before: 400, meanwhile: 10 },
});

type Grown = ReturnType<typeof grown>;

/** `context`: of the one who tries. */
const tried = (box: Grown, outcome: FixOutcome, context: PlanContext & ApplyContext = box.context) =>
  tryFix({
    plan: box.plan,
    context,
    judge: async () => {
      box.grow();
      return answer(outcome);
    },
  });

test('what helps is kept, and undo leads back', async () => {
  const box = grown();
  const { isKept, change } = await tried(box, 'helped');
  assert.ok(isKept);
  assert.equal(box.left(), ['cpu.weight=200', `memory.max=${400 * MIB}`, 'memory.high=max', 'pids.max=80']);
  await box.undo(change);
  assert.equal(box.left(), AS_BEFORE);
});

test('whatever else comes of it, it is taken back: no help, an error, an interrupt, an undo elsewhere', async () => {
  for (const outcome of ['no help', 'chance', 'others worse', 'others unknown'] as const) {
    const box = grown();
    assert.is((await tried(box, outcome)).isKept, false);
    assert.equal(box.left(), AS_BEFORE, outcome);
  }
  for (const isAborted of [false, true]) {
    const box = grown();
    const abort = new AbortController();
    const end = await tryFix({
      plan: box.plan,
      context: { ...box.context, signal: abort.signal },
      judge: async () => {
        if (isAborted) abort.abort();
        throw new Error('/box ended');
      },
    });
    assert.equal([end.isKept, end.judged], [false, { fault: isAborted ? 'interrupted' : '/box ended' }]);
    assert.equal(box.left(), AS_BEFORE);
  }
  const box = grown();
  const { isKept } = await tryFix({
    plan: box.plan,
    context: box.context,
    judge: async (change) => {
      await box.undo(change);
      return answer('helped');
    },
  });
  assert.is(isKept, false);
  assert.equal(box.left(), AS_BEFORE);
});

/**
 * Each has died at another write of a try that is taken back, or had fewer than that: how many a reclaim takes depends on the time
 * that it takes. At once, as each takes a second.
 */
async function killed(isAfter: boolean, words?: readonly string[]): Promise<Grown[]> {
  const whole = grown(words);
  await tried(whole, 'no help');
  return await Promise.all(
    whole.files.writes.map(async (_, at) => {
      const box = grown(words);
      const { context, isDead } = mortal(box.context, at, isAfter);
      await messageOf(tried(box, 'no help', { ...box.context, ...context }));
      assert.ok(isDead() || box.files.writes.length <= at, `write ${at}`);
      return box;
    }),
  );
}

test('kill -9 before or after any write, on the way there or back: undo restores every file, and so does the reverter', async () => {
  for (const isAfter of [false, true]) {
    for (const wayBack of [undoOf, revertOf]) {
      const boxes = await killed(isAfter);
      assert.ok(boxes.length >= 8, `${boxes.length} writes`);
      for (const [at, box] of boxes.entries()) {
        await wayBack(box);
        assert.equal(box.left(), AS_BEFORE, `write ${at}`);
      }
    }
  }
});

test('an undo that is killed too, again and again: the last one restores every file', async () => {
  const boxes = [...(await killed(true)), ...(await killed(true, ['--memory', '400M', '--memory-high', '300M']))];
  for (const [at, box] of boxes.entries()) {
    for (const again of [0, 1, 2]) {
      const { context } = mortal(box.context, again, true);
      await messageOf(undoOf(box, { ...box.context, ...context }));
    }
    await undoOf(box);
    assert.equal(box.left(), AS_BEFORE, `write ${at}`);
  }
});

async function undoOf(box: Grown, context: PlanContext & ApplyContext = box.context): Promise<void> {
  const change = changeToUndo(box.changes());
  if (!change) return;
  const plan = planUndo(change, context, box.changes());
  assert.equal(
    plan.risks.filter(({ level }) => level === 'refuse'),
    [],
  );
  await applyPlan(plan, { ...context, undoes: change.id });
}

async function revertOf(box: Grown): Promise<void> {
  const change = changeToUndo(box.changes());
  if (!change) return;
  const { plan } = planRevert(change, box.context, box.changes());
  await applyPlan(plan, { ...box.context, undoes: change.id });
}

test.run();
