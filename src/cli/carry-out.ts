/** The common end of set and undo: show the Plan, stop at a refusal, apply, say how to take it back. */
import { applyPlan } from '../limits/apply.ts';
import { openJournal, stateDirectory } from '../limits/journal.ts';
import type { Plan, PlanContext } from '../limits/plan.ts';
import { planText, riskText } from './plan-text.ts';

export interface CarryOutOptions {
  dryRun?: boolean;
  force?: boolean;
  json?: boolean;
}

/** The Plan has a risk that only --force overrides. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

export async function carryOut(
  plan: Plan,
  context: PlanContext,
  { dryRun, force, json }: CarryOutOptions,
  undoes?: string,
): Promise<void> {
  const say = (text: string): void => {
    if (!json && text !== '') console.log(text);
  };
  const refused = plan.risks.filter(({ level }) => level === 'refuse');
  if (dryRun || plan.writes.length === 0) {
    if (json) console.log(JSON.stringify({ ...plan, applied: false }, undefined, 2));
    say(planText(plan));
    say(dryRun ? 'dry run: nothing was changed' : 'nothing to change');
    return;
  }
  if (refused.length > 0 && !force) {
    say(planText({ ...plan, risks: plan.risks.filter(({ level }) => level === 'warn') }));
    throw new RefusedError(refused.map(riskText).join('\n'));
  }
  say(planText(plan));
  const change = await applyPlan(plan, {
    files: context.files,
    machine: context.machine,
    journal: openJournal(stateDirectory()),
    command: process.argv.slice(2),
    ...(undoes ? { undoes } : {}),
  });
  if (json) console.log(JSON.stringify({ ...plan, applied: true, id: change.id }, undefined, 2));
  say(`applied and read back; ${undoes ? `change ${undoes} is undone` : `undo: tscg undo ${change.id}`}`);
}
