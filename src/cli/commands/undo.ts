/** tscg undo: the last change, or the one named, taken back. */
import { openJournal, stateDirectory } from '../../limits/journal.ts';
import { changeToUndo, planUndo } from '../../limits/undo.ts';
import { type CarryOutOptions, carryOut } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext } from '../context.ts';
import { UsageError } from '../errors.ts';

export async function undo(id: string | undefined, options: CarryOutOptions, global: GlobalOptions): Promise<void> {
  const { changes } = openJournal(stateDirectory()).read();
  const change = changeToUndo(changes, id);
  if (!change) {
    throw new UsageError(
      id === undefined
        ? 'nothing to undo: tscg changed nothing yet, or all of it is undone'
        : `no single change "${id}"; tscg log lists them`,
    );
  }
  const context = planContext(openHierarchy({ mount: global.mount ?? change.mount }));
  await carryOut(planUndo(change, context), context, options, change.id);
}
