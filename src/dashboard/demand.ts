/** What the next sample reads beside the cheap files of every row: it costs what is shown. */
import { isListed } from '../inventory/workload.ts';
import { metricsOf } from '../metrics/query.ts';
import type { Frame } from '../metrics/source.ts';
import { isOfNetwork } from '../metrics/totals.ts';
import { columnOf, columnsFor } from './columns.ts';
import type { Shown } from './rows.ts';
import type { State } from './state.ts';

export interface Demand {
  /** Inodes whose costly files are read: the rows of the window, and the selected one. */
  readonly visible: ReadonlySet<number>;
  /** Inodes whose network is read besides; absent for none. */
  readonly network?: ReadonlySet<number>;
}

export const NO_DEMAND: Demand = { visible: new Set() };

/** Rows whose network is read for its sum, in the window or not. */
const MOST_SUMMED = 64;

/** `window`: rows that the table shows at once; `width`: its cells. */
export function demandOf(
  { workloads }: Frame,
  shown: Shown,
  state: State,
  { window, width }: { readonly window: number; readonly width: number },
): Demand {
  const { items, rows } = shown;
  const { top, selected } = state;
  const inodesOf = (wanted: readonly number[]): number[] => wanted.map((row) => workloads[row]?.inode ?? -1);
  const inWindow = items.slice(top, top + window).flatMap(({ row, members }) => (row >= 0 ? [row] : members));
  const visible = new Set([...inodesOf(inWindow), ...(typeof selected === 'number' ? [selected] : [])]);
  // Ordered or filtered by it, the busiest would never be seen if only the rows in the window had it.
  if (isRankedByNetwork(state)) {
    return { visible, network: new Set(workloads.flatMap((one) => (isListed(one) ? [one.inode] : []))) };
  }
  const isSummed = rows.length <= MOST_SUMMED && isNetworkShown(state, width);
  return isSummed ? { visible, network: new Set(inodesOf(rows)) } : { visible };
}

function isRankedByNetwork({ sort, scales, filter }: State): boolean {
  const sorted = sort === 'name' ? [] : [columnOf(sort, scales).field];
  return [...sorted, ...metricsOf(filter)].some(isOfNetwork);
}

const isNetworkShown = (state: State, width: number): boolean =>
  columnsFor(width, state).columns.some(({ field }) => isOfNetwork(field));
