/** What the mouse does, by what is under it. Pure. */
import { columnsFor } from './columns.ts';
import type { Action } from './keys.ts';
import type { Area } from './layout.ts';
import { isViewer } from './modal.ts';
import type { Stage } from './stage.ts';
import type { State } from './state.ts';
import { tableWindow } from './table-view.ts';

/** Cells from the left and top of the screen. */
export interface Pointer {
  readonly x: number;
  readonly y: number;
  readonly what: 'click' | 'wheel up' | 'wheel down';
}

export interface Ground {
  readonly state: State;
  readonly stage: Stage;
  /** Rows that the table has, in the window or not. */
  readonly rows: number;
  /** Lines of last words below them. */
  readonly gasps: number;
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
  const pane = ground.stage.panes.find(({ show, area }) => show !== 'chart' && isIn(area, pointer));
  return pane ? { type: 'scroll-pane', show: pane.show, by: NOTCH * by } : { type: 'move', by };
}

const isIn = ({ top, left, width, height }: Area, { x, y }: Pointer): boolean =>
  x >= left && x < left + width && y >= top && y < top + height;

function clickAction(pointer: Pointer, { state, stage, rows, gasps }: Ground): Action | undefined {
  const { table } = stage;
  if (!isIn(table, pointer)) return undefined;
  const line = pointer.y - table.top;
  if (line === 0) {
    const slot = slotAt(pointer.x - table.left, table.width, state);
    if (slot === undefined) return undefined;
    return slot === state.sort ? { type: 'reverse' } : { type: 'sort', by: slot };
  }
  const index = state.top + line - 1;
  const isRow = index < rows && line <= tableWindow(table.height, gasps);
  return isRow ? { type: 'move', by: index - state.position } : undefined;
}

function slotAt(cell: number, width: number, state: State): string | undefined {
  const { nameCells, columns } = columnsFor(width, state);
  let end = nameCells;
  if (cell < end) return 'name';
  for (const column of columns) {
    end += column.width + 1;
    if (cell < end) return column.slot;
  }
  return undefined;
}
