/** Columns of the table: which fit, in which order, and what the two switches (memory definition, CPU scale) make of them. */

import { type Field, field, VERDICT } from '../diagnosis/fields.ts';
import { findMetric } from '../metrics/catalogue.ts';
import { formatWithin } from '../metrics/format.ts';
import type { Item } from '../metrics/grouping.ts';
import { madeFrom } from '../metrics/made-from.ts';
import type { Frame } from '../metrics/source.ts';
import { isPartial, sumOf } from '../metrics/totals.ts';
import type { Usage } from '../metrics/usage.ts';

export const MEMORY_DEFINITIONS = [
  { metric: 'memory_bytes', label: 'MEM', name: 'working set: memory.current - inactive_file, as docker stats' },
  { metric: 'memory_current_bytes', label: 'MEM CUR', name: 'current: all that is charged, page cache too' },
  { metric: 'memory_anon_bytes', label: 'MEM ANON', name: 'anonymous: heaps and stacks' },
  { metric: 'memory_unreclaimable_bytes', label: 'MEM UNR', name: 'unreclaimable: no page cache, no reclaimable slab' },
] as const;

export const CPU_SCALES = [
  { scale: 'one', label: 'CPU %', name: '100 % is one CPU' },
  { scale: 'host', label: 'CPU/HOST', name: '100 % is the whole machine' },
  { scale: 'limit', label: 'CPU/LIM', name: '100 % is the effective limit of each row' },
] as const;

/** Indices into the two lists above. */
export interface Scales {
  readonly memory: number;
  readonly cpu: number;
}

/**
 * The default columns in the order in which they stand on the screen, and the rank of each in order of need: a narrow screen
 * shows the first ones that fit.
 */
const DEFAULTS: readonly (readonly [slot: string, rank: number])[] = [
  ['verdict', 3],
  ['cpu_percent', 1],
  ['cpu_of_limit_percent', 6],
  ['cpu_throttled_percent', 4],
  ['psi_cpu_some_percent', 5],
  ['psi_memory_some_percent', 8],
  ['psi_io_some_percent', 9],
  ['memory_bytes', 2],
  ['memory_limit_bytes', 7],
  ['memory_of_limit_percent', 15],
  ['io_read_bytes_per_second', 10],
  ['io_write_bytes_per_second', 11],
  ['net_rx_bytes_per_second', 13],
  ['net_tx_bytes_per_second', 14],
  ['pids', 12],
  ['memory_oom_kills', 16],
];

export const DEFAULT_COLUMNS: readonly string[] = DEFAULTS.map(([slot]) => slot);

const BY_NEED: readonly string[] = DEFAULTS.toSorted(([, a], [, b]) => a - b).map(([slot]) => slot);

const NAME_CELLS = 40;
const LEAST_NAME_CELLS = 12;
/** The share of a wide screen that names have, as they tell the rows apart. */
const NAME_SHARE = 0.26;
const ENOUGH_NAME_CELLS = 30;
/** The share of the screen that the names of machines have at most. */
const HOST_SHARE = 0.15;
/** Cells of the title HOST, with the mark of the sorted column. */
const LEAST_HOST_CELLS = 5;
/** Cells of a name below 40 columns, where one figure is worth more than a long name. */
const NARROW_NAME_CELLS = 8;

export interface Column {
  /** Id by which it is chosen and sorted; the switches change what it shows. */
  readonly slot: string;
  readonly label: string;
  readonly field: Field;
  readonly width: number;
}

export interface TableColumns {
  readonly nameCells: number;
  /** Cells of the machine after the name, with the gap before it; 0 where all rows are of one machine. */
  readonly hostCells: number;
  /** Cells of the trend at the right end; 0 where there is no room for one. */
  readonly trendCells: number;
  readonly columns: readonly Column[];
}

export function columnOf(slot: string, scales: Scales): Column {
  const { id, label } = shownAs(slot, scales);
  const shown = field(id);
  const text = label ?? shown.label;
  return { slot, field: shown, label: text, width: Math.max(shown.width, text.length + 1) };
}

/** What is sorted as text, and is no column of figures. */
export const isTextSort = (sort: string): sort is 'name' | 'host' => sort === 'name' || sort === 'host';

/** What the table is sorted by; undefined for names. */
export const sortedMetric = ({ sort, scales }: Readonly<{ sort: string; scales: Scales }>): string | undefined =>
  isTextSort(sort) ? undefined : columnOf(sort, scales).field.id;

function shownAs(slot: string, { memory, cpu }: Scales): { id: string; label?: string } {
  if (slot === 'memory_bytes') {
    const definition = MEMORY_DEFINITIONS[memory] ?? MEMORY_DEFINITIONS[0];
    return { id: definition.metric, label: definition.label };
  }
  if (slot === 'cpu_percent') {
    const { scale, label } = CPU_SCALES[cpu] ?? CPU_SCALES[0];
    return { id: scale === 'limit' ? 'cpu_of_limit_percent' : 'cpu_percent', label };
  }
  return { id: slot };
}

/** Below this width a trend would take its room from names and figures. */
const TREND_FROM = 60;
const LEAST_TREND_CELLS = 6;
const MOST_TREND_CELLS = 20;
/** What is kept for it before columns that nobody chose, the gap before it included. */
const TREND_SHARE = 0.1;

function trendCellsIn(width: number, spare: number): number {
  const cells = Math.min(MOST_TREND_CELLS, spare - 1);
  return width >= TREND_FROM && cells >= LEAST_TREND_CELLS ? cells : 0;
}

/**
 * Columns that fit the width beside a readable name: the chosen ones in their order, else the most needed; and always the
 * one that the table is sorted by, in place of the last ones that fit. Chosen columns come before the trend.
 */
export const columnsFor = (all: number, { scales, columns, sort, longestHost }: Chosen): TableColumns =>
  lastColumns([all, scales, columns, sort, longestHost], () => fitting(all, { scales, columns, sort, longestHost }));

const lastColumns = madeFrom<TableColumns>();

function fitting(all: number, { scales, columns: chosen, sort, longestHost }: Chosen): TableColumns {
  const hostRoom = Math.max(LEAST_HOST_CELLS, Math.min(longestHost, Math.floor(all * HOST_SHARE)));
  const hostCells = longestHost === 0 ? 0 : 1 + hostRoom;
  const width = all - hostCells;
  const wanted = Math.min(ENOUGH_NAME_CELLS, Math.floor(width * NAME_SHARE));
  const least = width < 40 ? NARROW_NAME_CELLS : Math.max(LEAST_NAME_CELLS, wanted);
  const reserve = chosen || width < TREND_FROM ? 0 : Math.floor(width * TREND_SHARE);
  let left = width - least - reserve;
  const columns: Column[] = [];
  for (const slot of chosen ?? BY_NEED) {
    const column = columnOf(slot, scales);
    if (column.width + 1 > left && chosen) break;
    if (column.width + 1 > left) continue;
    left -= column.width + 1;
    columns.push(column);
  }
  if (!isTextSort(sort) && !columns.some(({ slot }) => slot === sort)) {
    const sorted = columnOf(sort, scales);
    while (sorted.width + 1 > left && columns.length > 0) left += (columns.pop()?.width ?? 0) + 1;
    left -= sorted.width + 1;
    columns.push(sorted);
  }
  if (!chosen) columns.sort((a, b) => placeOf(a) - placeOf(b));
  const trendCells = trendCellsIn(width, left + reserve);
  const nameCells = least + left + reserve - (trendCells > 0 ? trendCells + 1 : 0);
  return { nameCells: Math.max(1, Math.min(NAME_CELLS, nameCells)), hostCells, trendCells, columns };
}

type Chosen = Readonly<{ scales: Scales; columns: readonly string[] | undefined; sort: string; longestHost: number }>;

const placeOf = ({ slot }: Column): number =>
  DEFAULT_COLUMNS.includes(slot) ? DEFAULT_COLUMNS.indexOf(slot) : DEFAULT_COLUMNS.length;

/** What can be sorted by, in order, whether it fits or not. */
export const sortable = ({ columns, longestHost }: Omit<Chosen, 'scales' | 'sort'>): readonly string[] => [
  'name',
  ...(longestHost > 0 ? ['host'] : []),
  ...(columns ?? DEFAULT_COLUMNS),
];

/** The row's own figure, or the sum over the rows of a group that is no cgroup. */
export function figureOf(
  { usage }: Frame,
  { row, members }: Pick<Item, 'row' | 'members'>,
  column: Column,
  scales: Scales,
): number {
  const figure =
    row >= 0 ? (column.field.figures(usage)[row] ?? Number.NaN) : groupFigure(usage, column.field, members);
  return isHostScale(column, scales) ? figure / usage.snapshot.host.cpus : figure;
}

/** The figure of a group that is no cgroup: the sum of its rows, or the worst verdict among them. */
export function groupFigure(usage: Usage, { id, figures }: Field, members: readonly number[]): number {
  if (id === VERDICT.id) return figures(usage)[worstOf(usage, members)] ?? Number.NaN;
  return findMetric(id) ? sumOf(usage, id, members) : Number.NaN;
}

/** The row that loses most; -1 where it is known of none. */
function worstOf(usage: Usage, members: readonly number[]): number {
  const losses = VERDICT.figures(usage);
  return members.reduce(
    (worst, row) => ((losses[row] ?? Number.NaN) > (losses[worst] ?? Number.NEGATIVE_INFINITY) ? row : worst),
    -1,
  );
}

/** Its figure is divided by the CPUs of the host. */
export const isHostScale = ({ slot }: Column, { cpu }: Scales): boolean =>
  slot === 'cpu_percent' && CPU_SCALES[cpu]?.scale === 'host';

/** The text of a cell. `≥` stands before the sum of a group of which some rows have no figure. */
export function figureText(frame: Frame, item: Pick<Item, 'row' | 'members'>, column: Column, scales: Scales): string {
  const { row, members } = item;
  if (column.slot === VERDICT.id) return VERDICT.text(frame.usage, row >= 0 ? row : worstOf(frame.usage, members));
  const value = figureOf(frame, item, column, scales);
  const isLeast = row < 0 && !Number.isNaN(value) && isPartial(frame.usage, column.field, members);
  const { unit } = column.field;
  return isLeast ? `≥${formatWithin(value, unit, column.width - 1)}` : formatWithin(value, unit, column.width);
}
