/** tscg undo: the last change, the one named, or several, taken back. */

import { type Change, openJournal, stateDirectory } from '../../limits/applying/journal.ts';
import { changesToUndo, changeToUndo, commandText, planUndo, planUndoAll } from '../../limits/applying/undo.ts';
import type { PlanContext } from '../../limits/model.ts';
import { terminalSafe } from '../../text/cells.ts';
import { type CarryOutOptions, carryOut, checkRisks } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { momentOption, wholeOption } from '../options.ts';
import { printJson, printLine } from '../output.ts';

export interface UndoOptions extends CarryOutOptions {
  last?: string;
  all?: boolean;
  since?: string;
}

export async function undo(id: string | undefined, options: UndoOptions, global: GlobalOptions): Promise<void> {
  const choose = choiceOf(id, options);
  const { changes } = openJournal(stateDirectory()).read();
  if (choose) return undoSeveral(choose(changesToUndo(changes)), changes, options, global);
  const change = changeToUndo(changes, id);
  if (!change) throw new UsageError(id === undefined ? NOTHING : `no single change "${id}"; tscg log lists them`);
  const context = contextOf(change, global);
  await carryOut(planUndo(change, context, changes), context, options, { undoes: change.id });
}

const NOTHING = 'nothing to undo: tscg changed nothing yet, or all of it is undone';

const contextOf = ({ mount }: Pick<Change, 'mount'>, global: GlobalOptions): PlanContext =>
  planContext(openHierarchy({ mount: global.mount ?? mount }));

/** What the flags choose among changes that are not undone, the newest first; undefined where a single change is meant. */
function choiceOf(
  id: string | undefined,
  { last, all, since }: UndoOptions,
): ((open: readonly Change[]) => readonly Change[]) | undefined {
  if (last === undefined && !all && since === undefined) return undefined;
  if (id !== undefined) throw new UsageError(`${id} names one change, --last, --all and --since several: give one`);
  if (last !== undefined && (all || since !== undefined)) throw new UsageError('--last and --all: give one of them');
  if (last !== undefined) {
    const count = wholeOption('--last', last, 1);
    return (open) => open.slice(0, count);
  }
  const from = since === undefined ? 0 : momentOption('--since', since);
  return (open) => open.filter(({ time }) => time >= from);
}

/** Each in a change of its own, and none where one of them is refused. */
async function undoSeveral(
  open: readonly Change[],
  changes: readonly Change[],
  options: UndoOptions,
  global: GlobalOptions,
): Promise<void> {
  const mounts = [...new Set(open.map(({ mount }) => mount))];
  const planned = mounts.flatMap((mount) => {
    const context = contextOf({ mount }, global);
    const own = open.filter((change) => change.mount === mount);
    return planUndoAll(own, context, changes).map((entry) => ({ ...entry, context }));
  });
  const refusedJson = (): void => {
    if (options.json) printJson(planned.map(({ change, plan }) => ({ ...plan, applied: false, undoes: change.id })));
  };
  if (!options.dryRun) for (const { plan } of planned) checkRisks(plan.risks, options.force, refusedJson);
  const told: object[] = [];
  for (const { change, plan, context } of planned) {
    if (!options.json) printLine(terminalSafe(`change ${change.id}: ${commandText(change)}`));
    await carryOut(plan, context, options, {
      undoes: change.id,
      json: (value) => told.push({ ...value, undoes: change.id }),
    });
  }
  if (options.json) printJson(told);
  else if (planned.length === 0) printLine('nothing to undo');
}
