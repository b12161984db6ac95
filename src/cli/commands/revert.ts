/** tscg revert: what a timer of --for runs. Undoes the change unless that is done, or it never came about. */

import { openJournal, stateDirectory } from '../../limits/applying/journal.ts';
import { takeBack } from '../../limits/applying/revert/take-back.ts';
import { planRevert } from '../../limits/applying/undo.ts';
import { carryOut } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext } from '../context.ts';

export const revert = (id: string, global: GlobalOptions, isQuiet = false): Promise<void> =>
  takeBack(id, openJournal(stateDirectory()), async (change, changes) => {
    const context = planContext(openHierarchy({ mount: global.mount ?? change.mount }));
    const { plan, left } = planRevert(change, context, changes);
    await carryOut(plan, context, { quiet: isQuiet }, { undoes: id, note: left.join('; ') });
  });
