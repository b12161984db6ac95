/** The undo stack: every change that can be taken back, the newest first, and what taking back the marked one would write. */

import { userName } from '../inventory/users.ts';
import type { Workload } from '../inventory/workload.ts';
import type { Journal } from '../limits/applying/journal.ts';
import { changesToUndo, commandText, planUndo } from '../limits/applying/undo.ts';
import type { PlanContext } from '../limits/model.ts';
import { padEnd } from '../text/cells.ts';
import { counted } from '../text/counted.ts';
import { clockTime, localTime } from '../text/local-time.ts';
import type { Typed, UndoEntry, UndoForm } from './modal.ts';
import { type FormView, type Gone, headed, isRefused, planLines, targetLines, titleLines } from './plan-lines.ts';
import { type Line, windowAround } from './style.ts';
import type { Style } from './themes.ts';

/** The most changes in the list: each costs a read of its files. */
const MOST = 100;

/** Undefined where there is nothing to undo on this hierarchy. `known`: what runs now. */
export function openUndo(known: readonly Workload[], journal: Journal, context: PlanContext): UndoForm | undefined {
  const { changes } = journal.read();
  const open = changesToUndo(changes).filter(({ mount }) => mount === context.files.mount);
  const entries = open.slice(0, MOST).map((change): UndoEntry => {
    const inodes = new Set(change.writes.map(({ inode }) => inode));
    return {
      change,
      user: userName(change.uid),
      plan: planUndo(change, context, changes),
      targets: known.filter(({ inode }) => inodes.has(inode)),
    };
  });
  if (entries.length === 0) return undefined;
  return { kind: 'undo', entries, older: open.length - entries.length, index: 0, top: 0, force: false };
}

/** Another change is not forced because the one before it was. */
export function undoKey(form: UndoForm, { full }: Typed): UndoForm {
  const to = (index: number): UndoForm => ({
    ...form,
    index: Math.max(0, Math.min(form.entries.length - 1, index)),
    top: 0,
    force: false,
  });
  switch (full) {
    case 'up':
    case 'k':
      return to(form.index - 1);
    case 'down':
    case 'j':
      return to(form.index + 1);
    case 'home':
    case 'g':
      return to(0);
    case 'end':
    case 'S-g':
      return to(form.entries.length - 1);
    default:
      return form;
  }
}

/** The list around the marked change, and below it the Plan. */
export function undoView(form: UndoForm, height: number, width: number, gone: Gone): FormView {
  const { entries, older, index, force, top } = form;
  const title = `Undo one of ${counted(entries.length, 'change')}`;
  const head = titleLines(title, '↑↓ change  Enter takes it back  Esc back', height, width);
  const marked = entries[index];
  const preview = marked ? previewLines(marked, force, width, gone) : [];
  const room = Math.max(1, height - head.length - 1 - Math.min(preview.length, Math.ceil((height * 2) / 3)));
  const first = windowAround(index, room, entries.length);
  const list = entries.slice(first, first + room).map((entry, at) => entryLine(entry, first + at === index));
  const rest: Line[] =
    older > 0 && first + room >= entries.length ? [[[`  and ${older} older: tscg log lists them`, 'dim']]] : [];
  return headed([...head, ...list, ...rest, []], preview, top, height);
}

function entryLine(entry: UndoEntry, isMarked: boolean): Line {
  const { change, user } = entry;
  const { word, style } = outlookOf(entry);
  const files = [...new Set(change.writes.map(({ name, file }) => `${name} ${file}`))].join(', ');
  const text = `${isMarked ? '▸ ' : '  '}${padEnd(timeText(change.time), 12)}${padEnd(user, 10)}`;
  const look: Style = isMarked ? 'selected' : 'plain';
  return [
    [text, look],
    [padEnd(word, 12), style],
    [`${files}   `, look],
    [`${commandText(change)}   ${change.id}`, 'dim'],
  ];
}

/** What would come of taking the change back. */
function outlookOf({ plan }: UndoEntry): { word: string; style: Style } {
  if (isRefused(plan.risks, false)) return { word: 'refused', style: 'critical' };
  if (plan.writes.length > 0) return { word: 'ready', style: 'good' };
  return { word: plan.unchanged.length > 0 ? 'as before' : 'gone', style: 'dim' };
}

function previewLines({ change, plan, targets }: UndoEntry, force: boolean, width: number, gone: Gone): Line[] {
  const isNothing = plan.writes.length === 0;
  return [
    [
      [`Change ${change.id}`, 'title'],
      [`  ${commandText(change)}`, 'dim'],
    ],
    ...targetLines(targets, gone),
    ...planLines(plan, force, width),
    ...(isNothing ? [[['  nothing is left to restore: Enter takes it off this list', 'dim']] satisfies Line] : []),
  ];
}

/** With the day in place of the seconds where that is not today. */
const timeText = (time: number): string =>
  new Date(time).toDateString() === new Date().toDateString() ? clockTime(time) : localTime(time).slice(5, 16);
