/** tscg log: the journal, oldest first. */
import { jsonText } from '../../kernel/clean.ts';
import { localTime } from '../../kernel/local-time.ts';
import { terminalSafe } from '../../kernel/text.ts';
import { driftOf, driftText } from '../../limits/drift.ts';
import { type Change, openJournal, stateDirectory, undoneIn } from '../../limits/journal.ts';
import { type GlobalOptions, openHierarchy, planContext } from '../context.ts';
import { formatTable } from '../table.ts';

export function log({ json }: { json?: boolean }, global: GlobalOptions): void {
  const journal = openJournal(stateDirectory());
  const { changes, unreadable } = journal.read();
  const drifts = changes.length > 0 ? driftOf(changes, planContext(openHierarchy(global))) : [];
  const undone = undoneIn(changes);
  const state = (change: Change): string => (undone.has(change.id) ? 'undone' : (change.outcome ?? 'interrupted'));
  const driftIn = ({ id }: Change): object[] =>
    drifts
      .filter(({ change }) => change.id === id)
      .map(({ write, now, by }) => ({ path: write.path, file: write.file, now, by }));
  if (json) {
    console.log(
      jsonText(
        changes.map((change) => ({ ...change, state: state(change), drift: driftIn(change) })),
        2,
      ),
    );
    return;
  }
  if (changes.length === 0) console.log('no changes yet');
  else {
    const rows = changes.flatMap((change) =>
      change.writes
        .filter(({ passing }) => !passing)
        .map(({ name, file, before, after }, index) => [
          index === 0 ? change.id : '',
          index === 0 ? localTime(change.time) : '',
          index === 0 ? state(change) : '',
          name,
          file,
          `${before} → ${after}`,
        ]),
    );
    const titles = ['ID', 'TIME', 'STATE', 'NAME', 'FILE', 'BEFORE → AFTER'];
    console.log(
      formatTable(
        titles.map((title) => ({ title, align: 'left' })),
        rows,
      ),
    );
  }
  for (const { id, undoes, error } of changes)
    if (error) console.log(terminalSafe(`${undoes ? `undo of ${undoes}` : id}: ${error}`));
  for (const drift of drifts) console.log(terminalSafe(`drift: ${driftText(drift)}; tscg reapply ${drift.change.id}`));
  if (unreadable > 0) console.error(`tscg: ${unreadable} lines of ${journal.path} could not be read and are left out`);
}
