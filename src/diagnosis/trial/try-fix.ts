/**
 * Makes a remedy, judges what it does, and keeps it where it helps; whatever else comes of it, takes it back. Killed at any
 * moment, `tscg undo` restores what was there, and so does the reverter once its time has come.
 */

import { applyPlan } from '../../limits/applying/apply.ts';
import type { ApplyContext } from '../../limits/applying/context.ts';
import { type Change, type Journal, undoneIn } from '../../limits/applying/journal.ts';
import { endReverter } from '../../limits/applying/revert/reverter.ts';
import { takeBack } from '../../limits/applying/revert/take-back.ts';
import { planRevert } from '../../limits/applying/undo.ts';
import type { Plan, PlanContext } from '../../limits/model.ts';
import { errorText } from '../../text/error-text.ts';
import type { FixAnswer } from './fix.ts';

export interface FixTrial {
  readonly plan: Plan;
  readonly context: PlanContext & ApplyContext;
  /** Measures with the remedy in force. Rejects where it cannot be judged, or the signal of the context aborts. */
  readonly judge: (change: Change) => Promise<FixAnswer>;
}

export interface FixEnd {
  readonly change: Change;
  /** Or why it was not judged. */
  readonly judged: FixAnswer | { readonly fault: string };
  /** False: it is taken back. */
  readonly isKept: boolean;
}

/** Throws JournalError and ApplyError where the change could not be made, or not be taken back. */
export async function tryFix({ plan, context, judge }: FixTrial): Promise<FixEnd> {
  const { signal, journal } = context;
  const change = await applyPlan(plan, context);
  const judged = await judge(change).catch((error: unknown) => ({
    fault: signal?.aborted ? 'interrupted' : errorText(error),
  }));
  const isKept = 'outcome' in judged && judged.outcome === 'helped' && (await keep(change, journal));
  if (!isKept) await restore(change, context);
  return { change, judged, isKept };
}

/** Nobody takes it back any more. False where it is taken back already. */
async function keep({ id, reverter }: Change, journal: Journal): Promise<boolean> {
  if (reverter) await endReverter(reverter);
  return !undoneIn(journal.read().changes).has(id);
}

const restore = ({ id }: Change, context: FixTrial['context']): Promise<void> =>
  takeBack(id, context.journal, async (change, changes) => {
    const { plan, left } = planRevert(change, context, changes);
    // Neither with the signal that may have ended it, nor by force: nothing is killed to take a try back.
    const { id: _, reverter: __, signal: ___, force: ____, ...again } = context;
    await applyPlan(plan, { ...again, undoes: id, note: left.join('; ') });
  });
