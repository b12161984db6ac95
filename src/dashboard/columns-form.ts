/** The columns chooser: on and off, and their order. */

import { ROW_FIELDS } from '../diagnosis/fields.ts';
import { DEFAULT_COLUMNS } from './columns.ts';
import type { ColumnsForm, Typed } from './modal.ts';
import { titleLines } from './plan-lines.ts';
import { type Line, windowAround } from './style.ts';

export function openColumnsForm(chosen: readonly string[] | undefined): ColumnsForm {
  const on = chosen ?? DEFAULT_COLUMNS;
  const off = ROW_FIELDS.map(({ id }) => id).filter((id) => !on.includes(id));
  const list = [...on.map((slot) => ({ slot, on: true })), ...off.map((slot) => ({ slot, on: false }))];
  return { kind: 'columns', index: 0, list, before: list };
}

/** The slots that are on, in their order; undefined where nothing was changed. */
export function chosenIn({ list, before }: ColumnsForm): readonly string[] | undefined {
  const isSame = list.every(({ slot, on }, at) => before[at]?.slot === slot && before[at]?.on === on);
  return isSame ? undefined : list.filter(({ on }) => on).map(({ slot }) => slot);
}

export type ColumnsResult =
  | { readonly form: ColumnsForm }
  /** The slots that were chosen; undefined for the default ones. */
  | { readonly chosen: readonly string[] | undefined }
  | 'cancel';

export function columnsKey(form: ColumnsForm, { full, character }: Typed): ColumnsResult {
  const { index, list } = form;
  const to = (wanted: number): ColumnsResult => ({
    form: { ...form, index: Math.max(0, Math.min(list.length - 1, wanted)) },
  });
  switch (full) {
    case 'escape':
    case 'q':
      return 'cancel';
    case 'return': {
      const chosen = chosenIn(form);
      if (!chosen) return 'cancel';
      return chosen.length > 0 ? { chosen } : { form };
    }
    case 'up':
    case 'k':
      return to(index - 1);
    case 'down':
    case 'j':
      return to(index + 1);
    case 'pageup':
      return to(index - 10);
    case 'pagedown':
      return to(index + 10);
    case 'home':
      return to(0);
    case 'end':
      return to(list.length - 1);
    case 'left':
      return { form: swapped(form, -1) };
    case 'right':
      return { form: swapped(form, 1) };
    case 'space':
      return { form: { ...form, list: list.map((entry, at) => (at === index ? { ...entry, on: !entry.on } : entry)) } };
    default:
      return character === '0' ? { chosen: undefined } : { form };
  }
}

function swapped(form: ColumnsForm, by: 1 | -1): ColumnsForm {
  const { index, list } = form;
  const target = index + by;
  const [here, there] = [list[index], list[target]];
  if (!here || !there) return form;
  return { ...form, index: target, list: list.with(index, there).with(target, here) };
}

/** Title and the lines around the marked one; a column that is on and not among `fitting` has no room in the table. */
export function columnsView(
  { index, list }: ColumnsForm,
  height: number,
  width: number,
  fitting: ReadonlySet<string>,
): Line[] {
  const keys = 'Space on or off  ←→ move  0 the default ones  Enter keep and save  Esc back';
  const title = titleLines('Columns', keys, height, width);
  const room = Math.max(1, height - title.length);
  const top = windowAround(index, room, list.length);
  const lines = list.slice(top, top + room).map(({ slot, on }, at): Line => {
    const found = ROW_FIELDS.find(({ id }) => id === slot);
    const look = top + at === index ? 'selected' : on ? 'plain' : 'dim';
    return [
      [`${on ? '[x]' : '[ ]'} ${(found?.label ?? slot).padEnd(10)}${slot.padEnd(34)}`, look],
      ...(on && !fitting.has(slot) ? ([['no room here  ', 'warning']] as const) : []),
      [found?.help ?? '', look],
    ];
  });
  return [...title, ...lines];
}
