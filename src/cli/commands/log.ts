/** tscg log: the journal, oldest first. */

import { driftOf, driftText } from '../../limits/applying/drift.ts';
import { type Change, openJournal, stateDirectory, undoneIn } from '../../limits/applying/journal.ts';
import { terminalSafe } from '../../text/cells.ts';
import { localTime } from '../../text/local-time.ts';
import { type GlobalOptions, openHierarchy, planContext } from '../context.ts';
import { printJson, printLine, warn } from '../output.ts';
import { formatTable } from '../table.ts';

export function log({ json }: { json?: boolean }, global: GlobalOptions): void {
  const journal = openJournal(stateDirectory());
  const { changes, unreadable } = journal.read();
  const drifts = changes.length > 0 ? driftOf(changes, planContext(openHierarchy(global))) : [];
  const undone = undoneIn(changes);
  const state = (change: Change): string => (undone.has(change.id) ? 'undone' : (change.outcome ?? 'interrupted'));
  const stateText = (change: Change): string =>
    change.undoes && state(change) === 'applied' ? `undo of ${change.undoes}` : state(change);
  const driftIn = ({ id }: Change): object[] =>
    drifts
      .filter(({ change }) => change.id === id)
      .map(({ write, now, by }) => ({ path: write.path, file: write.file, now, by }));
  if (json) {
    printJson(changes.map((change) => ({ ...change, state: state(change), drift: driftIn(change) })));
    return;
  }
  if (changes.length === 0) printLine('no changes yet');
  else {
    const rows = changes.flatMap((change) =>
      change.writes
        .filter(({ transient }) => !transient)
        .map(({ name, file, before, after }, index) => [
          index === 0 ? change.id : '',
          index === 0 ? localTime(change.time) : '',
          index === 0 ? stateText(change) : '',
          name,
          file,
          `${before} → ${after}`,
        ]),
    );
    const titles = ['ID', 'TIME', 'STATE', 'NAME', 'FILE', 'BEFORE → AFTER'];
    printLine(
      formatTable(
        titles.map((title) => ({ title, align: 'left' })),
        rows,
      ),
    );
  }
  for (const { id, undoes, error } of changes)
    if (error) printLine(terminalSafe(`${undoes ? `undo of ${undoes}` : id}: ${error}`));
  for (const drift of drifts) printLine(terminalSafe(`drift: ${driftText(drift)}; tscg reapply ${drift.change.id}`));
  if (unreadable > 0) warn(`tscg: ${unreadable} lines of ${journal.path} could not be read and are left out`);
}
