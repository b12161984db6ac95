/**
 * What stands where on the screen, by the state and the size:
 *
 *     header     2 lines (1 on a low screen)
 *     table      all workloads        | processes of the selected one: beside the table from 150 columns,
 *     …                               | below it from 18 lines, else only in the whole-window view
 *     spark      CPU of the selected one, from 24 lines
 *     footer     1 line: keys, or the filter as it is typed
 *
 * A dashboard with cells has those in place of table, processes and spark; details and charts have the whole body.
 */

import { type Area, cellArea, inner } from './area.ts';
import { chartAreas, chartGroups } from './chart-view.ts';
import { sortedMetric } from './columns.ts';
import type { Dashboard } from './dashboards.ts';
import type { Part } from './inside.ts';
import type { Pane } from './pane.ts';
import { CONTAINER, PROCESSES } from './panes.ts';
import type { State } from './state.ts';
import { tableWindow } from './table-view.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Layout extends Size {
  readonly header: Area;
  readonly body: Area;
  readonly footer: Area;
  /** No lines where it is not shown. */
  readonly table: Area;
  /** Rows that the table shows at once, or would if details or charts did not have its place. */
  readonly window: number;
  readonly panes: readonly { readonly pane: Pane; readonly area: Area }[];
  readonly charts: readonly {
    readonly area: Area;
    readonly metrics: readonly string[];
    /** Whether it also shows what the suspects use. */
    readonly hasSuspects?: boolean;
  }[];
  readonly spark?: Area;
  /** What Enter gives the whole window. */
  readonly whole: Pane;
}

/** What the panes on the screen demand of the selected row. */
export const demandedIn = ({ panes }: Layout): ReadonlySet<Part> => new Set(panes.flatMap(({ pane }) => pane.demands));

export interface LayoutInput {
  readonly state: Pick<State, 'details' | 'charts' | 'sort' | 'scales'>;
  readonly dashboard: Dashboard | undefined;
  readonly size: Size;
  /** Lines of OOM kills below the rows of the table. */
  readonly oomKills: number;
}

type Parts = Pick<Layout, 'table' | 'panes' | 'charts' | 'spark'>;

export function layoutOf({ state, dashboard, size, oomKills }: LayoutInput): Layout {
  const { width, height } = size;
  const top = height >= 8 ? 2 : 1;
  const header = { top: 0, left: 0, width, height: top };
  const footer = { top: height - 1, left: 0, width, height: 1 };
  const body = { top, left: 0, width, height: Math.max(0, height - top - 1) };
  const whole = wholePane(dashboard);
  const none = { ...body, height: 0 };
  const usual = usualParts(dashboard, body, size);
  const parts = state.charts
    ? { table: none, panes: [], charts: wholeCharts(state, body) }
    : state.details
      ? { table: none, panes: [{ pane: whole, area: body }], charts: [] }
      : usual;
  return { ...size, header, body, footer, whole, window: tableWindow(usual.table.height, oomKills), ...parts };
}

/** The pane of a screen that has only one, else all about the row. */
function wholePane(dashboard: Dashboard | undefined): Pane {
  const panes = (dashboard?.cells ?? []).flatMap(({ show }) => (typeof show === 'string' ? [] : [show]));
  const [only] = panes;
  return only?.hasWholeWindow && panes.length === 1 ? only : CONTAINER;
}

function wholeCharts(state: LayoutInput['state'], body: Area): Layout['charts'] {
  const groups = chartGroups(sortedMetric(state));
  return chartAreas(body, groups.length).map((area, index) => ({ area, metrics: groups[index] ?? [] }));
}

/** A grid of cells needs room; below it a dashboard is its table. */
const GRID_WIDTH = 80;
const GRID_HEIGHT = 20;

function usualParts(dashboard: Dashboard | undefined, body: Area, size: Size): Parts {
  const cells = dashboard?.cells ?? [];
  if (cells.length === 0) return overviewParts(body, size);
  if (size.width < GRID_WIDTH || size.height < GRID_HEIGHT) return { table: body, panes: [], charts: [] };
  const placed = cells.map(({ show, at, metrics, hasSuspects }) => ({
    show,
    metrics,
    hasSuspects,
    area: inner(cellArea(at, body), body),
  }));
  return {
    table: placed.find(({ show }) => show === 'table')?.area ?? { ...body, height: 0 },
    panes: placed.flatMap(({ show, area }) => (typeof show === 'string' ? [] : [{ pane: show, area }])),
    charts: placed.filter(({ show }) => show === 'chart'),
  };
}

const BESIDE_FROM = 150;
const TABLE_SHARE_BESIDE = 0.62;
const BELOW_FROM = 18;
const TABLE_SHARE_ABOVE = 0.6;
const SPARK_FROM = 24;
const SPARK_LINES = 3;

/** The parts of a dashboard that has no cells. */
function overviewParts(body: Area, { width, height }: Size): Parts {
  if (height < BELOW_FROM) return { table: body, panes: [], charts: [] };
  if (width >= BESIDE_FROM) {
    const tableWidth = Math.floor(width * TABLE_SHARE_BESIDE);
    const right = { ...body, left: tableWidth + 1, width: width - tableWidth - 1 };
    return {
      table: { ...body, width: tableWidth },
      panes: [{ pane: PROCESSES, area: { ...right, height: right.height - SPARK_LINES } }],
      charts: [],
      spark: { ...right, top: body.top + body.height - SPARK_LINES, height: SPARK_LINES },
    };
  }
  const sparkLines = height >= SPARK_FROM ? SPARK_LINES : 0;
  const tableLines = Math.ceil((body.height - sparkLines) * TABLE_SHARE_ABOVE);
  const below = body.top + tableLines + sparkLines;
  return {
    table: { ...body, height: tableLines },
    panes: [{ pane: PROCESSES, area: { ...body, top: below, height: height - 1 - below } }],
    charts: [],
    ...(sparkLines > 0 ? { spark: { ...body, top: body.top + tableLines, height: sparkLines } } : {}),
  };
}
