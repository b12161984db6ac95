/** What the next sample reads beside the cheap files of every row: it costs what is shown. */

import { isListed } from '../inventory/workload.ts';
import { madeFrom } from '../metrics/made-from.ts';
import type { Metric } from '../metrics/metric.ts';
import { metricsOf } from '../metrics/query.ts';
import { rowByInode } from '../metrics/snapshot.ts';
import type { Frame, FrameDemand } from '../metrics/source.ts';
import { isOfNetwork } from '../metrics/totals.ts';
import { columnOf, columnsFor, DEFAULT_COLUMNS, isTextSort } from './columns.ts';
import type { Shown } from './rows.ts';
import type { State } from './state.ts';

/**
 * The rows of the window and the selected one are visible, those below the selected one exact, so that its processes are read
 * when they run; `network` is absent where no other row's is shown.
 */
export interface Demand extends FrameDemand {
  readonly visible: ReadonlySet<number>;
}

/** Before anything is shown. */
export const NO_DEMAND: Demand = { visible: new Set(), metrics: new Set(DEFAULT_COLUMNS) };

/** Rows whose network is read for its sum, in the window or not. */
const MOST_SUMMED = 64;

/** Of more rows below the selected one, what uses less than the sampler's bound is seen in their turn. */
const MOST_EXACT = 256;

interface Window {
  /** Rows that the table shows at once. */
  readonly window: number;
  /** Its cells. */
  readonly width: number;
}

const lastDemand = madeFrom<Demand>();

/** The demand of the drawing before where it would be the same one. */
export function demandOf(frame: Frame, shown: Shown, state: State, window: Window): Demand {
  const { workloads } = frame;
  const { items, rows } = shown;
  const { top, selected, sort, scales, filter } = state;
  const columns = columnsFor(window.width, state);
  const inputs = [workloads, items, rows, top, selected, sort, scales, filter, window.window, columns];
  return lastDemand(inputs, () => newDemand(frame, shown, state, window));
}

function newDemand(frame: Frame, { items, rows }: Shown, state: State, { window, width }: Window): Demand {
  const { workloads } = frame;
  const { top, selected } = state;
  const inodesOf = (wanted: readonly number[]): number[] => wanted.map((row) => workloads[row]?.inode ?? -1);
  const inWindow = items.slice(top, top + window).flatMap(({ row, members }) => (row >= 0 ? [row] : members));
  const visible = asBefore(new Set([...inodesOf(inWindow), ...(typeof selected === 'number' ? [selected] : [])]));
  const columns = columnsFor(width, state).columns.map(({ field }) => field);
  const ranking = rankingOf(state);
  const exact = lastBelow([workloads, selected], () => new Set(inodesBelow(frame.usage.snapshot, selected)));
  const metrics = new Set([...columns, ...ranking].map(({ id }) => id));
  // Ordered or filtered by it, the busiest would never be seen if only the rows in the window had it.
  if (ranking.some(isOfNetwork)) {
    return {
      visible,
      exact,
      metrics,
      network: new Set(workloads.flatMap((one) => (isListed(one) ? [one.inode] : []))),
    };
  }
  const isSummed = rows.length <= MOST_SUMMED && columns.some(isOfNetwork);
  return { visible, exact, metrics, ...(isSummed && { network: new Set(inodesOf(rows)) }) };
}

let lastVisible: ReadonlySet<number> = new Set();

/** The set of the drawing before where it holds the same: the rows in the window change places more often than they change. */
function asBefore(visible: ReadonlySet<number>): ReadonlySet<number> {
  const isSame = visible.size === lastVisible.size && [...visible].every((inode) => lastVisible.has(inode));
  if (!isSame) lastVisible = visible;
  return lastVisible;
}

const lastBelow = madeFrom<ReadonlySet<number>>();

/** The selected row and those below it; none where they are very many. To compare paths would take too long for a key. */
function inodesBelow({ rows, parents }: Frame['usage']['snapshot'], selected: State['selected']): number[] {
  const top = typeof selected === 'number' ? rowByInode(rows).get(selected) : undefined;
  if (top === undefined) return [];
  const isBelow = new Uint8Array(rows.length);
  const below: number[] = [];
  // Rows have parents before children.
  for (let row = top; row < rows.length; row++) {
    if (row !== top && isBelow[parents[row] ?? -1] !== 1) continue;
    if (below.length === MOST_EXACT) return [];
    isBelow[row] = 1;
    below.push(rows[row]?.inode ?? -1);
  }
  return below;
}

/** What rows are ordered and filtered by. */
const rankingOf = ({ sort, scales, filter }: State): readonly Pick<Metric, 'id' | 'sources'>[] => [
  ...(isTextSort(sort) ? [] : [columnOf(sort, scales).field]),
  ...metricsOf(filter),
];
