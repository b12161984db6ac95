/** Which rows of a Frame are shown, and how they are arranged and ordered. */

import { VERDICT } from '../diagnosis/fields.ts';
import { userName } from '../inventory/users.ts';
import { isListed, type Workload } from '../inventory/workload.ts';
import { arrange, type Comparable, type Item } from '../metrics/grouping.ts';
import { madeFrom } from '../metrics/made-from.ts';
import { isQuery, parseFilter, QueryError } from '../metrics/query.ts';
import type { Frame } from '../metrics/source.ts';
import { networksOf } from '../metrics/totals.ts';
import { columnOf, groupFigure, isTextSort } from './columns.ts';
import type { State } from './state.ts';

/** Each part is that of the Frame before where nothing that it is made of has changed. */
export interface Shown {
  readonly items: readonly Item[];
  /** Rows of the Frame behind them, without ancestors that only carry a branch. */
  readonly rows: readonly number[];
  /** Left out because nothing runs in them. */
  readonly empty: number;
  /** What is wrong with the query; all rows are shown then. */
  readonly fault?: string;
}

const userNames = new Map<number, string>();

/** The name of a user, looked up once: it is asked for each group of every Frame. */
function knownName(uid: number): string {
  const name = userNames.get(uid) ?? userName(uid);
  userNames.set(uid, name);
  return name;
}

const lastRows = madeFrom<Pick<Shown, 'rows' | 'empty' | 'fault'>>();
const lastItems = madeFrom<Shown['items']>();

export function shownOf(frame: Frame, state: State): Shown {
  const { workloads, usage } = frame;
  const { all, host, tagged, filter, grouping, closed, sort, reverse, scales } = state;
  // A filter may ask for any figure.
  const filtered = filter === '' ? undefined : frame;
  const chosen = lastRows([workloads, usage.column('populated'), all, host, tagged, filter, filtered], () =>
    rowsOf(frame, state),
  );
  const { rows } = chosen;
  const { snapshot } = usage;
  const figures = isTextSort(sort) ? undefined : columnOf(sort, scales).field.figures(usage);
  const inputs = [
    workloads,
    snapshot.parents,
    rows,
    grouping,
    closed,
    sort,
    reverse,
    scales,
    figures,
    networksOf(snapshot),
  ];
  const items = lastItems(inputs, () =>
    arrange(frame, { grouping, rows, closed, compare: comparison(frame, state), userName: knownName }),
  );
  return { ...chosen, items };
}

function rowsOf(frame: Frame, state: State): Pick<Shown, 'rows' | 'empty' | 'fault'> {
  const { all } = state;
  const { predicate, fault } = filterOf(state.filter);
  const populated = frame.usage.column('populated');
  let empty = 0;
  const rows: number[] = [];
  frame.workloads.forEach((workload, row) => {
    if (!(all || isListed(workload)) || !isOn(state.host, workload) || !predicate(frame, row)) return;
    if (all || populated[row] !== 0 || state.tagged.has(workload.inode)) rows.push(row);
    else empty++;
  });
  return { rows, empty, ...(fault === undefined ? {} : { fault }) };
}

const isOn = (wanted: string | undefined, { host }: Workload): boolean => wanted === undefined || wanted === host;

function filterOf(text: string): { predicate: ReturnType<typeof parseFilter>; fault?: string } {
  try {
    const predicate = parseFilter(text);
    return {
      predicate: isQuery(text) ? predicate : (frame, row) => predicate(frame, row) || hasVerdict(text, frame, row),
    };
  } catch (error) {
    if (error instanceof QueryError) return { predicate: () => true, fault: error.message };
    throw error;
  }
}

/** Whether a part of what was typed is the word of its verdict, as `cpu wait`. */
const hasVerdict = (typed: string, { usage }: Frame, row: number): boolean =>
  typed.split('|').some((part) => part.trim().toLowerCase() === VERDICT.text(usage, row));

/** What of the state decides which rows are shown, and in which order. */
const DECIDING = ['all', 'grouping', 'closed', 'filter', 'host', 'tagged', 'sort', 'reverse', 'scales'] as const;

/** Whether the same rows of a Frame are shown in the same order. */
export const isShownAlike = (state: State, other: State): boolean => DECIDING.every((key) => state[key] === other[key]);

const collator = new Intl.Collator(undefined, { numeric: true });

/** Place of each workload in the order of names: collating costs a microsecond, and most figures are equal. */
const ranks = new WeakMap<Frame['workloads'], Int32Array>();
/** Place of each name in the order that was made last: a list that is nearly in order needs few comparisons. */
let places: ReadonlyMap<string, number> = new Map();

function ranksOf({ workloads }: Frame): Int32Array {
  const known = ranks.get(workloads);
  if (known) return known;
  const order = Array.from(workloads, ({ name }, row) => ({ name, row, place: places.get(name) ?? workloads.length }));
  order.sort((a, b) => a.place - b.place);
  order.sort((a, b) => collator.compare(a.name, b.name));
  places = new Map(order.map(({ name }, place) => [name, place]));
  const found = new Int32Array(order.length);
  order.forEach(({ row }, place) => {
    found[row] = place;
  });
  ranks.set(workloads, found);
  return found;
}

/** The order of rows: the largest figure first, unavailable ones last in either direction; then by name. */
function comparison(frame: Frame, state: State): (a: Comparable, b: Comparable) => number {
  const sign = state.reverse ? -1 : 1;
  const ranks = ranksOf(frame);
  const isOwnName = state.grouping === 'flat' || state.grouping === 'tree';
  const byName = (a: Comparable, b: Comparable): number =>
    isOwnName ? (ranks[a.row] ?? 0) - (ranks[b.row] ?? 0) : collator.compare(a.name, b.name);
  if (state.sort === 'name') return (a, b) => sign * byName(a, b);
  if (state.sort === 'host') {
    const hostOf = ({ row, members }: Comparable): string => frame.workloads[members[0] ?? row]?.host ?? '';
    return (a, b) => sign * collator.compare(hostOf(a), hostOf(b)) || byName(a, b);
  }
  const column = columnOf(state.sort, state.scales);
  const figures = column.field.figures(frame.usage);
  const sums = new Map<Comparable['members'], number>();
  const value = (item: Comparable): number => {
    if (item.row >= 0) return figures[item.row] ?? Number.NaN;
    // The sum of what rows use, whatever it is shown as a share of.
    const known = sums.get(item.members) ?? groupFigure(frame.usage, column.field, item.members);
    sums.set(item.members, known);
    return known;
  };
  return (a, b) => {
    const first = value(a);
    const second = value(b);
    const missing = Number(Number.isNaN(first)) - Number(Number.isNaN(second));
    return missing || sign * (second - first || 0) || byName(a, b);
  };
}

/** Index of the next item from `from` on whose name or path holds the text, around the end; -1 for none. */
export function searchFrom(frame: Frame, items: readonly Item[], text: string, from: number): number {
  const needle = text.toLowerCase();
  if (needle === '') return -1;
  for (let tried = 0; tried < items.length; tried++) {
    const index = (from + tried) % items.length;
    const item = items[index];
    if (!item) continue;
    const { path = '', image = '', host = '' } = frame.workloads[item.row] ?? {};
    if (`${item.name} ${path} ${image} ${host}`.toLowerCase().includes(needle)) return index;
  }
  return -1;
}
