/** What the mouse does, by what is under it. Pure. */

import { isIn } from './area.ts';
import { columnsFor } from './columns.ts';
import type { Action } from './keys.ts';
import type { Layout } from './layout.ts';
import { isViewer } from './modal.ts';
import type { State } from './state.ts';

/** Cells from the left and top of the screen. */
export interface Pointer {
  readonly x: number;
  readonly y: number;
  readonly what: 'click' | 'wheel up' | 'wheel down';
}

/** What lies under the pointer. */
export interface Ground {
  readonly state: State;
  readonly layout: Layout;
  /** Rows that the table has, in the window or not. */
  readonly rows: number;
}

/** Lines of text that one notch of the wheel goes by; of the table it is one row. */
const NOTCH = 3;

/** Undefined where nothing is done: a form takes keys alone. */
export function mouseAction(pointer: Pointer, ground: Ground): Action | undefined {
  const { modal, details } = ground.state;
  if (modal && !isViewer(modal)) return undefined;
  if (pointer.what === 'click') return modal ? undefined : clickAction(pointer, ground);
  const by = pointer.what === 'wheel up' ? -1 : 1;
  if (modal || details) return { type: 'move', by: NOTCH * by };
  const under = ground.layout.panes.find(({ area }) => isIn(area, pointer));
  return under ? { type: 'scroll-pane', key: under.pane.key, by: NOTCH * by } : { type: 'move', by };
}

function clickAction(pointer: Pointer, { state, layout, rows }: Ground): Action | undefined {
  const { table, window } = layout;
  if (!isIn(table, pointer)) return undefined;
  const line = pointer.y - table.top;
  if (line === 0) {
    const slot = slotAt(pointer.x - table.left, table.width, state);
    if (slot === undefined) return undefined;
    return slot === state.sort ? { type: 'reverse' } : { type: 'sort', by: slot };
  }
  const index = state.top + line - 1;
  const isRow = index < rows && line <= window;
  return isRow ? { type: 'move', by: index - state.position } : undefined;
}

function slotAt(cell: number, width: number, state: State): string | undefined {
  const { nameCells, hostCells, columns } = columnsFor(width, state);
  if (cell < nameCells) return 'name';
  let end = nameCells + hostCells;
  if (cell < end) return 'host';
  for (const column of columns) {
    end += column.width + 1;
    if (cell < end) return column.slot;
  }
  return undefined;
}
