/** Which panes the screen has now: the cells of a dashboard, one thing in the whole window, or what its size allows. */
import { chartAreas, chartGroups } from './chart-view.ts';
import { sortedMetric } from './columns.ts';
import { type CellKind, cellArea, type Dashboard, inner } from './dashboards.ts';
import { type Area, layoutOf } from './layout.ts';
import type { State } from './state.ts';

export interface Stage {
  readonly header: Area;
  readonly body: Area;
  readonly footer: Area;
  /** No lines where it is not shown. */
  readonly table: Area;
  readonly panes: readonly {
    readonly show: Exclude<CellKind, 'table'>;
    readonly area: Area;
    readonly metrics: readonly string[];
  }[];
  readonly spark?: Area;
}

/** What Enter gives the whole window: the pane of a screen that has only one, else all about the row. */
export function wholePane(dashboard: Dashboard | undefined): Stage['panes'][number]['show'] {
  const texts = (dashboard?.cells ?? []).flatMap(({ show }) => (show === 'table' || show === 'chart' ? [] : [show]));
  const [only] = texts;
  return only && texts.length === 1 && only !== 'processes' && only !== 'events' ? only : 'container';
}

/** A grid of cells needs room; below it a dashboard is its table. */
const GRID_WIDTH = 80;
const GRID_HEIGHT = 20;

export function stageOf(state: State, dashboard: Dashboard | undefined, width: number, height: number): Stage {
  const isWhole = state.details || state.charts;
  const { header, footer, ...layout } = layoutOf(width, height, isWhole);
  const top = header.height;
  const body = { top, left: 0, width, height: Math.max(0, height - top - 1) };
  const none = { ...body, height: 0 };
  if (state.charts) {
    const groups = chartGroups(sortedMetric(state));
    const areas = chartAreas(body, groups.length);
    const panes = areas.map((area, index) => ({ show: 'chart' as const, area, metrics: groups[index] ?? [] }));
    return { header, body, footer, table: none, panes };
  }
  if (state.details) {
    return { header, body, footer, table: none, panes: [{ show: wholePane(dashboard), area: body, metrics: [] }] };
  }
  const cells = dashboard?.cells ?? [];
  if (cells.length > 0 && width >= GRID_WIDTH && height >= GRID_HEIGHT) {
    const panes = cells.flatMap(({ show, at, metrics }) => {
      const area = inner(cellArea(at, body), body);
      return show === 'table' ? [] : [{ show, area, metrics }];
    });
    const table = cells.find(({ show }) => show === 'table');
    return { header, body, footer, panes, table: table ? inner(cellArea(table.at, body), body) : none };
  }
  return {
    header,
    body,
    footer,
    table: cells.length > 0 ? body : layout.table,
    panes: cells.length > 0 || !layout.processes ? [] : [{ show: 'processes', area: layout.processes, metrics: [] }],
    ...(cells.length > 0 || !layout.spark ? {} : { spark: layout.spark }),
  };
}
