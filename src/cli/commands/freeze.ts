/** tscg freeze: stops every task of a workload where it stands; what it waits for, and what it does when it must not wait longer. */

import { ActionError } from '../../limits/actions/action-error.ts';
import { planFreeze, unfreezable, untilFrozen } from '../../limits/actions/freeze.ts';
import { applyPlan } from '../../limits/apply.ts';
import { openJournal, stateDirectory } from '../../limits/journal.ts';
import type { PlanContext } from '../../limits/plan.ts';
import { planUndo } from '../../limits/undo.ts';
import { type CarryOutOptions, carryOut } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext, resolveNames } from '../context.ts';
import { durationOption } from '../options.ts';
import { ownerOptions } from './set.ts';

export interface FreezeOptions extends CarryOutOptions {
  via?: string;
  timeout: string;
}

export async function freeze(names: readonly string[], options: FreezeOptions, global: GlobalOptions): Promise<void> {
  const timeoutMs = durationOption('--timeout', options.timeout, 10, 3_600_000);
  const hierarchy = openHierarchy(global);
  const context = planContext(hierarchy, ownerOptions(options));
  const workloads = await resolveNames(names, hierarchy);
  const targets = workloads.map((workload, index) => ({ ...workload, name: names[index] ?? workload.name }));
  await carryOut(planFreeze(targets, true, context), context, options, undefined, {
    after: async (change) => {
      const [late] = await untilFrozen(change.writes, true, context.files, timeoutMs);
      if (!late) return { text: 'frozen', fields: { frozen: true } };
      const why = unfreezable(context.files, late.path);
      const undone = planUndo(change, context);
      await applyPlan(undone, { ...applyContext(context), undoes: change.id });
      throw new ActionError(
        `${late.name} (${late.path}) was not frozen within ${options.timeout}: ${why}; all of it is thawed again`,
      );
    },
  });
}

const applyContext = ({ files, machine }: PlanContext) => ({
  files,
  machine,
  journal: openJournal(stateDirectory()),
  command: process.argv.slice(2),
});
