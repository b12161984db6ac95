/**
 * tscg freeze: stops every task of a workload where it stands; what it waits for, and what it does when it must not wait
 * longer.
 */

import { freezeOrThaw, planFreeze } from '../../limits/actions/freeze.ts';
import { openJournal, stateDirectory } from '../../limits/applying/journal.ts';
import type { Plan, PlanContext } from '../../limits/model.ts';
import { confirmedPlan } from '../../limits/owners/confirmed-plan.ts';
import { type CarryOutOptions, carryOut } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext, targetsNamed } from '../context.ts';
import { durationOption } from '../options.ts';
import { ownerOptions } from './set.ts';

export interface FreezeOptions extends CarryOutOptions {
  via?: string;
  timeout: string;
}

export async function freeze(names: readonly string[], options: FreezeOptions, global: GlobalOptions): Promise<void> {
  const { plan, context, timeoutMs } = await planToFreeze(names, true, options, global);
  await carryOut(plan, context, options, {
    settle: (change, signal) => {
      const applyContext = {
        ...context,
        journal: openJournal(stateDirectory()),
        command: process.argv.slice(2),
        signal,
      };
      return freezeOrThaw(change, timeoutMs, applyContext);
    },
    after: async () => ({ text: 'frozen', fields: { frozen: true } }),
  });
}

/** The Plan to freeze those workloads, or to thaw them, and how long to wait until they are. */
export async function planToFreeze(
  names: readonly string[],
  isFrozen: boolean,
  options: FreezeOptions,
  global: GlobalOptions,
): Promise<{ readonly plan: Plan; readonly context: PlanContext; readonly timeoutMs: number }> {
  const timeoutMs = durationOption('--timeout', options.timeout, 10, 3_600_000);
  const hierarchy = openHierarchy(global);
  const context = planContext(hierarchy, ownerOptions(options));
  const targets = await targetsNamed(names, hierarchy);
  const plan = await confirmedPlan(context, (asked) => planFreeze(targets, isFrozen, asked));
  return { plan, context, timeoutMs };
}
