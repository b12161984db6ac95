/** Which row is selected, and who is followed. Pure. */

import { placeOf } from '../inventory/workload.ts';
import type { Item } from '../metrics/grouping.ts';
import type { Frame } from '../metrics/source.ts';
import type { Followed, State } from './state.ts';

/** The table as it is shown now. */
export interface TableContext {
  readonly frame: Frame | undefined;
  /** Items of the table, in order. */
  readonly items: readonly Item[];
  /** Rows that the table shows at once. */
  readonly window: number;
}

type Selected = Pick<State, 'selected' | 'position'>;

/** Index of the selected item; -1 where it is not there. It is looked for where it was last, as it is there most of the time. */
export const indexOfSelected = ({ selected, position }: Selected, items: readonly Pick<Item, 'key'>[]): number =>
  selected !== undefined && items[position]?.key === selected
    ? position
    : items.findIndex(({ key }) => key === selected);

export const positionOf = (state: State, items: readonly Item[]): number => Math.max(0, indexOfSelected(state, items));

export function select(state: State, context: TableContext, wanted: number): State {
  const { items, window } = context;
  const index = Math.max(0, Math.min(items.length - 1, wanted));
  // Settled as if no row were followed: a followed row would keep its old line, and the selection has moved.
  const moved = movedTo(state, items[index], context);
  const settled = settle({ ...moved, follow: undefined }, { items, window });
  return { ...settled, follow: moved.follow };
}

/** The user has moved to this row: where one is followed, it is this one from now on. */
export const movedTo = (state: State, item: Item | undefined, context: TableContext): State => ({
  ...state,
  selected: item?.key,
  follow: state.follow && followed(item, context),
});

export function followed(item: Item | undefined, { frame }: TableContext): Followed | undefined {
  const workload = item && frame?.workloads[item.row];
  return item && { key: item.key, place: workload && placeOf(workload), name: item.name };
}

/**
 * Keeps the selection on a row that exists and in the window. A selected row that is gone gives its place on the
 * screen to the next one. A followed one keeps its line.
 */
export function settle(
  state: State,
  { items, window }: { readonly items: readonly Pick<Item, 'key'>[]; readonly window: number },
): State {
  if (items.length === 0) return { ...state, selected: undefined, position: 0, top: 0 };
  let index = state.selected === undefined ? 0 : indexOfSelected(state, items);
  if (index < 0) index = Math.min(state.position, items.length - 1);
  const selected = items[index]?.key;
  const isFollowed = state.follow !== undefined && state.follow.key === selected;
  const wanted = isFollowed ? index - (state.position - state.top) : state.top;
  const highest = Math.max(0, Math.min(wanted, items.length - window));
  const top = index < highest ? index : index >= highest + window ? index - window + 1 : highest;
  const isSame = selected === state.selected && index === state.position && top === state.top;
  return isSame ? state : { ...state, selected, position: index, top };
}
