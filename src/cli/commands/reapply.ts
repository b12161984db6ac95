/** tscg reapply: limits that others took back, once more. */

import { driftOf, driftText, planReapply } from '../../limits/applying/drift.ts';
import { openJournal, stateDirectory } from '../../limits/applying/journal.ts';
import { type CarryOutOptions, carryOut } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { printLine } from '../output.ts';

export async function reapply(id: string | undefined, options: CarryOutOptions, global: GlobalOptions): Promise<void> {
  const context = planContext(openHierarchy(global));
  const { changes } = openJournal(stateDirectory()).read();
  if (id !== undefined && changes.filter((change) => change.id.startsWith(id)).length !== 1) {
    throw new UsageError(`no single change "${id}"; tscg log lists them`);
  }
  const drifts = driftOf(changes, context).filter(({ change }) => id === undefined || change.id.startsWith(id));
  if (!options.json) for (const drift of drifts) printLine(driftText(drift));
  await carryOut(planReapply(drifts, context), context, options);
}
