/** tscg revert: what a timer of --for runs. Undoes the change unless that is done, or it never came about. */
import { openJournal, stateDirectory, undoneIn } from '../../limits/journal.ts';
import { planRevert } from '../../limits/undo.ts';
import { carryOut } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext } from '../context.ts';

export async function revert(id: string, global: GlobalOptions, isQuiet = false): Promise<void> {
  const { changes } = openJournal(stateDirectory()).read();
  const change = changes.find((candidate) => candidate.id === id);
  if (!change || undoneIn(changes).has(id) || change.outcome === 'rolled-back') return;
  const context = planContext(openHierarchy({ mount: global.mount ?? change.mount }));
  await carryOut(planRevert(change, context, changes).plan, context, { quiet: isQuiet }, id);
}
