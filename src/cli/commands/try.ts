/** tscg try: set for a while, waiting in the foreground, with the pressure of the others before and meanwhile. */

import { watch } from 'node:fs';
import { type Change, openJournal, stateDirectory, undoneIn } from '../../limits/applying/journal.ts';
import { comparePressure, type PressureChange, readPressure } from '../../limits/applying/revert/pressure.ts';
import { confirmedPlan } from '../../limits/owners/confirmed-plan.ts';
import { planSet } from '../../limits/planning/plan.ts';
import { terminalSafe } from '../../text/cells.ts';
import { type CarryOutOptions, carryOut, SIGNALS } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext } from '../context.ts';
import { othersThan } from '../others.ts';
import { printLine } from '../output.ts';
import { formatTable } from '../table.ts';
import { timedRevert } from '../timed-revert.ts';
import { revert } from './revert.ts';
import { limitRequests, measured, type OwnerFlags, ownerOptions, type Values } from './set.ts';

/** Milliseconds that the helper may be late before we take the change back ourselves. */
const LATE_MS = 5000;
const MOST_ROWS = 12;

export async function tryOut(
  names: readonly string[],
  options: CarryOutOptions & OwnerFlags & Values & { for: string },
  global: GlobalOptions,
): Promise<void> {
  const hierarchy = openHierarchy(global);
  const context = measured(planContext(hierarchy, ownerOptions(options)));
  const timed = timedRevert(options.for, context);
  const requests = await limitRequests(names, options, context, hierarchy);
  const targets = requests.map(({ target }) => target.path);
  const others = await othersThan(targets, hierarchy);
  const paths = [...others.keys()];
  const start = readPressure(paths, context.files);
  await carryOut(await confirmedPlan(context, (asked) => planSet(requests, asked)), context, options, {
    ...timed,
    after: async (change) => {
      const tell = (): void => {
        if (options.json) return;
        printLine(`applied; taken back in ${options.for}, by Ctrl-C, and also if this ends in another way`);
      };
      await untilReverted(change, timed.delayMs, tell);
      if (!isUndone(change)) await revert(change.id, global, options.json === true);
      const changes = comparePressure(paths, start, readPressure(paths, context.files));
      const rows = changes.map((row) => ({ ...row, name: others.get(row.path) ?? row.path }));
      return { text: `taken back\n${report(rows)}`, fields: { pressure: rows }, isUndone: true };
    },
  });
}

const isUndone = ({ id }: Change): boolean => undoneIn(openJournal(stateDirectory()).read().changes).has(id);

/** Resolves when the timer's helper or an undo elsewhere has taken it back, at Ctrl-C, or when the helper is late. */
function untilReverted(change: Change, delayMs: number, onWaiting: () => void): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      watcher.close();
      clearTimeout(timer);
      for (const signal of SIGNALS) process.off(signal, end);
      resolve();
    };
    const look = (): void => {
      if (isUndone(change)) end();
    };
    const watcher = watch(stateDirectory(), look);
    const timer = setTimeout(end, delayMs + LATE_MS);
    for (const signal of SIGNALS) process.on(signal, end);
    onWaiting();
    look();
  });
}

function report(rows: readonly (PressureChange & { name: string })[]): string {
  if (rows.length === 0) return 'no other workload had pressure, before or meanwhile (PSI some, from 0.1 %)';
  const percent = (value: number): string => `${value.toFixed(1)} %`;
  const table = formatTable(
    [
      { title: 'OTHERS', align: 'left' },
      { title: 'WAIT FOR', align: 'left' },
      { title: 'MINUTE BEFORE', align: 'right' },
      { title: 'MEANWHILE', align: 'right' },
    ],
    rows
      .slice(0, MOST_ROWS)
      .map(({ name, resource, before, during }) => [terminalSafe(name), resource, percent(before), percent(during)]),
  );
  return rows.length > MOST_ROWS ? `${table}\nand ${rows.length - MOST_ROWS} more` : table;
}
