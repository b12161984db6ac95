/** The table of workloads: only the rows in the window become text. */

import { VERDICT, verdictsOf } from '../diagnosis/fields.ts';
import type { Item } from '../metrics/grouping.ts';
import { madeFrom } from '../metrics/made-from.ts';
import { metricsOf } from '../metrics/query.ts';
import { isSameFigure } from '../metrics/same-figure.ts';
import type { Frame } from '../metrics/source.ts';
import { isAdditive, outermost, sumInputs } from '../metrics/totals.ts';
import { cellWidth, cut, padEnd, padStart, terminalSafe } from '../text/cells.ts';
import { counted } from '../text/counted.ts';
import { type Column, columnsFor, figureOf, figureText, type TableColumns } from './columns.ts';
import type { Shown } from './rows.ts';
import type { State } from './state.ts';
import { type Line, type Piece, shareStyle, waitStyle, wrapped } from './style.ts';
import type { Style } from './themes.ts';
import { mostOf, trendText } from './trend.ts';

export interface TableInput {
  readonly frame: Frame;
  readonly shown: Shown;
  readonly state: State;
  /** Inodes of cgroups that took the place of another of the same path not long ago. */
  readonly recreated?: ReadonlySet<number>;
  /** Lines before the totals, of workloads that the OOM killer ended. */
  readonly oomKills?: readonly Line[];
  readonly trend?: Trend;
}

/** What the trend column is made of. */
export interface Trend {
  /** The last figures of that cgroup, oldest first. */
  readonly of: (inode: number) => readonly number[];
  /** How many there are when none is missing. */
  readonly samples: number;
  /** The time that it spans, as `60s`. */
  readonly span: string;
}

/** From this many lines on, the last one has the totals. */
const TOTALS_FROM = 8;

export const tableWindow = (height: number, oomKills = 0): number =>
  Math.max(1, height - (height >= TOTALS_FROM ? 2 + oomKills : 1));

/** Title line, the rows of the window, and the totals. */
export function tableView(input: TableInput, width: number, height: number): Line[] {
  const { shown, state, oomKills = [] } = input;
  const columns = columnsFor(width, state);
  const window = shown.items.slice(state.top, state.top + tableWindow(height, oomKills.length));
  const title = titleLine(columns, input);
  if (window.length === 0) {
    const lines: Line[] = [title, ...wrapped([[emptyText(input), 'dim']], width)];
    return lines.slice(0, height);
  }
  const trends = trendsOf(window, columns, input);
  const figures = figuresOf(columns, input);
  const lines = [title, ...window.map((item, at) => itemLine(item, columns, figures, trends[at] ?? '', input))];
  if (height < TOTALS_FROM) return lines.slice(0, height);
  while (lines.length < height - 1 - oomKills.length) lines.push([]);
  return [...lines, ...oomKills, totalsLine(columns, figures, input)];
}

function emptyText({ frame, shown, state }: TableInput): string {
  if (state.filter) {
    const unknown = metricsOf(state.filter).filter(({ id }) => frame.usage.column(id).every(Number.isNaN));
    const why = unknown.map(({ id }) => `; ${id} is unknown for all rows`).join('');
    return `no workload matches "${state.filter}"${why}; Esc clears the filter`;
  }
  return `no workload here${shown.empty > 0 ? ` but ${shown.empty} empty ones` : ''}; a shows slices, inner and empty cgroups`;
}

const lastTitle = madeFrom<Line>();

const titleLine = (columns: TableColumns, { state, trend }: TableInput): Line =>
  lastTitle([columns, state.sort, state.reverse, state.grouping, trend?.span], () => newTitle(columns, state, trend));

function newTitle(
  { nameCells, hostCells, columns, trendCells }: TableColumns,
  { sort, reverse, grouping }: State,
  trend: Trend | undefined,
): Line {
  const mark = (slot: string, label: string): string => (sort === slot ? `${reverse ? '▲' : '▼'}${label}` : label);
  const by = grouping === 'flat' ? '' : grouping === 'tree' ? ' (tree)' : ` (by ${grouping})`;
  return [
    [padEnd(cut(`  ${mark('name', 'NAME')}${by}`, nameCells), nameCells), 'title'],
    ...hostPieces(mark('host', 'HOST'), hostCells, sort === 'host' ? 'accent' : 'title'),
    ...columns.map(
      ({ slot, label, width }): Piece => [
        ` ${padStart(cut(mark(slot, label), width), width)}`,
        sort === slot ? 'accent' : 'title',
      ],
    ),
    ...(trend && trendCells > 0
      ? ([[` ${padStart(trendTitle(trend, trendCells), trendCells)}`, 'title']] as const)
      : []),
  ];
}

const trendTitle = ({ span }: Trend, cells: number): string => {
  const title = `TREND ${span}`;
  return title.length <= cells ? title : 'TREND';
};

const lastTrends = madeFrom<string[]>();

/** The trend of each row of the window; that of a group that is no cgroup is blank. */
function trendsOf(window: readonly Item[], { trendCells }: TableColumns, { trend, frame }: TableInput): string[] {
  if (!trend || trendCells === 0) return [];
  const { samples, of } = trend;
  const values = window.map(({ row }) => (row < 0 ? NO_VALUES : of(frame.workloads[row]?.inode ?? -1)));
  return lastTrends([samples, trendCells, ...values], () => {
    // Rows that stand still share their values.
    const different = [...new Set(values)];
    const busiest = mostOf(different.map((one) => mostOf(one)));
    const texts = new Map(different.map((one) => [one, trendText(one, samples, trendCells, busiest)]));
    return values.map((one) => texts.get(one) ?? '');
  });
}

const NO_VALUES: readonly number[] = [];

/** The machine after the name; one of its cells is the gap before it. */
const hostPieces = (text: string, cells: number, style: Style): Piece[] =>
  cells === 0 ? [] : [[` ${padEnd(cut(text, cells - 1), cells - 1)}`, style]];

/** What the lines of rows are made of, looked up once for all of them. */
interface RowFigures {
  /** By column. */
  readonly figures: readonly Float64Array[];
  readonly frozen: Float64Array;
  /** Absent where no column tells the verdict, which is a word. */
  readonly causes: Uint8Array | undefined;
}

const figuresOf = ({ columns }: TableColumns, { frame: { usage } }: TableInput): RowFigures => ({
  figures: columns.map(({ field }) => field.figures(usage)),
  frozen: usage.column('frozen'),
  causes: columns.some(({ slot }) => slot === VERDICT.id) ? verdictsOf(usage).causes : undefined,
});

/** The line of a row as it was made last, and what it was made of. */
interface ItemLine {
  readonly line: Line;
  readonly columns: TableColumns;
  readonly workloads: Frame['workloads'];
  readonly scales: State['scales'];
  readonly cpus: number;
  readonly trend: string;
  readonly marks: number;
  readonly cause: number | undefined;
  /** By column. */
  readonly figures: readonly number[];
}

const itemLines = new WeakMap<Item, ItemLine>();

/** The line of the drawing before, where it would be made of the same. */
function itemLine(item: Item, columns: TableColumns, rows: RowFigures, trend: string, input: TableInput): Line {
  const { row } = item;
  const { workloads, usage } = input.frame;
  const { scales } = input.state;
  const { cpus } = usage.snapshot.host;
  // The sum of some rows goes by what is known of each.
  if (row < 0) return lineOf(item, columns, trend, input);
  const cause = rows.causes?.[row];
  const marks = marksOf(item, rows, input);
  const last = itemLines.get(item);
  const isSame =
    last?.columns === columns &&
    last.workloads === workloads &&
    last.scales === scales &&
    last.cpus === cpus &&
    last.trend === trend &&
    last.marks === marks &&
    last.cause === cause &&
    hasFigures(last.figures, rows, row);
  if (isSame) return last.line;
  const figures = rows.figures.map((of) => of[row] ?? Number.NaN);
  const line = lineOf(item, columns, trend, input);
  itemLines.set(item, { line, columns, workloads, scales, cpus, trend, marks, cause, figures });
  return line;
}

function hasFigures(known: readonly number[], { figures }: RowFigures, row: number): boolean {
  for (let at = 0; at < known.length; at++)
    if (!isSameFigure(known[at] ?? Number.NaN, figures[at]?.[row] ?? Number.NaN)) return false;
  return true;
}

/** A bit for each thing that marks the row, beside what its figures do. */
function marksOf({ key, row }: Item, { frozen }: RowFigures, { frame, state, recreated }: TableInput): number {
  const inode = frame.workloads[row]?.inode ?? -1;
  return (
    Number(key === state.selected) |
    (Number(state.tagged.has(inode)) << 1) |
    (Number(recreated?.has(inode) ?? false) << 2) |
    (Number(frozen[row] === 1) << 3)
  );
}

const isFrozen = ({ usage }: Frame, row: number): boolean => row >= 0 && usage.value('frozen', row) === 1;

function lineOf(
  item: Item,
  { nameCells, hostCells, columns, trendCells }: TableColumns,
  trend: string,
  input: TableInput,
): Line {
  const { frame, state } = input;
  const isSelected = item.key === state.selected;
  return [
    ...namePieces(item, nameCells, input, isSelected ? 'selected' : nameStyle(item, input)),
    ...hostPieces(frame.workloads[item.row]?.host ?? '', hostCells, 'plain'),
    ...columns.map((column): Piece => {
      const value = figureOf(frame, item, column, state.scales);
      return [` ${padStart(figureText(frame, item, column, state.scales), column.width)}`, styleOf(column, value)];
    }),
    ...(trendCells > 0 && trend !== '' ? ([[` ${trend}`, 'accent']] as const) : []),
  ];
}

const FROZEN = ' frozen';
/** What is left of a name beside that says who it is. */
const LEAST_NAME_CELLS = 5;

/** The name says `frozen` behind it: a frozen cgroup would look idle. */
function namePieces(item: Item, cells: number, input: TableInput, style: Style): Piece[] {
  const text = nameText(item, input);
  const room = cells - FROZEN.length;
  if (!isFrozen(input.frame, item.row) || room < LEAST_NAME_CELLS) {
    return [[padEnd(cut(text, cells), cells), style]];
  }
  const name = cut(text, room);
  return [
    [name, style],
    [padEnd(FROZEN, cells - cellWidth(name)), 'warning'],
  ];
}

/** `● ├─▾ Σ name (3)`: tag or re-created, branch, fold, whether it is a sum, how many rows it holds. */
function nameText(item: Item, { state, recreated, frame }: TableInput): string {
  const inode = frame.workloads[item.row]?.inode ?? -1;
  const isTagged = item.row >= 0 ? state.tagged.has(inode) : isWholeTagged(item, frame, state);
  // The room for it is always there: names would jump whenever a mark comes or goes, somewhere in the table.
  const mark = isTagged ? '● ' : recreated?.has(inode) ? '↻ ' : '  ';
  const fold = item.open === undefined ? '' : item.open ? '▾ ' : '▸ ';
  const held = item.open === undefined ? '' : ` (${item.holds})`;
  return `${mark}${item.branch}${fold}${item.row < 0 ? 'Σ ' : ''}${terminalSafe(item.name)}${held}`;
}

const isWholeTagged = ({ members }: Item, { workloads }: Frame, { tagged }: State): boolean =>
  members.length > 0 && members.every((row) => tagged.has(workloads[row]?.inode ?? -1));

function nameStyle({ row, open }: Item, { frame, state, recreated }: TableInput): Style {
  const inode = frame.workloads[row]?.inode ?? -1;
  if (state.tagged.has(inode)) return 'accent';
  if (recreated?.has(inode)) return 'good';
  return open === undefined ? 'plain' : 'title';
}

const lastMembers = madeFrom<readonly number[]>();

const membersOf = ({ rows }: Shown, { usage: { snapshot } }: Frame): readonly number[] =>
  lastMembers([rows, snapshot.parents], () => outermost(rows, snapshot.parents));

const lastTotals = madeFrom<Line>();

/** The sums of all rows that the filter lets through, each counted once. */
function totalsLine(columns: TableColumns, { figures }: RowFigures, { frame, shown, state }: TableInput): Line {
  const inputs = [columns, shown.rows, state.tagged.size, ...sumInputs(frame.usage.snapshot), ...figures];
  return lastTotals(inputs, () => newTotals(columns, frame, shown, state));
}

function newTotals({ nameCells, hostCells, columns }: TableColumns, frame: Frame, shown: Shown, state: State): Line {
  const members = membersOf(shown, frame);
  const label = `Σ ${counted(shown.rows.length, 'row')}${state.tagged.size > 0 ? `, ${state.tagged.size} tagged` : ''}`;
  return [
    [padEnd(cut(label, nameCells), nameCells), 'accent'],
    ...hostPieces('', hostCells, 'accent'),
    ...columns.map((column): Piece => {
      const text = isAdditive(column.field) ? figureText(frame, { row: -1, members }, column, state.scales) : '';
      return [` ${padStart(text, Math.max(column.width, cellWidth(text)))}`, 'accent'];
    }),
  ];
}

/** Percent of its time: a workload that lost so much of it does not do its work. */
const MUCH_LOST = 25;

/** Thresholds where a share of a limit, or stalls, call for a look; numbers carry the meaning without colour too. */
function styleOf({ field: { id } }: Column, value: number): Style {
  if (Number.isNaN(value)) return 'dim';
  if (id === VERDICT.id) return value === 0 ? 'good' : value >= MUCH_LOST ? 'critical' : 'warning';
  if (id.endsWith('_of_limit_percent')) return shareStyle(value);
  if (id.startsWith('psi_') || id === 'cpu_throttled_percent') return waitStyle(value);
  if (id === 'memory_oom_kills') return value > 0 ? 'critical' : 'dim';
  return value === 0 ? 'dim' : 'plain';
}
