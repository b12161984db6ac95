/** The whole screen from what is known: pure, and the only place that says which view goes where. */

import type { Frame } from '../metrics/source.ts';
import { recordedIn } from '../recording/replay.ts';
import { actionView } from './action-view.ts';
import { NO_SCROLL, type Scroll } from './after-action.ts';
import type { Area } from './area.ts';
import { type Chart, type Charted, chartOf, duration, SPANS } from './chart-view.ts';
import { columnsFor, sortedMetric } from './columns.ts';
import { chosenIn, columnsView } from './columns-form.ts';
import { type Demand, demandOf, NO_DEMAND } from './demand.ts';
import { eventsView, oomKillLine } from './events-view.ts';
import { explainView } from './explain-view.ts';
import { headerView } from './header-view.ts';
import { heldAt } from './held.ts';
import { footerView, helpLines } from './help-view.ts';
import type { Part } from './inside.ts';
import { demandedIn, type Layout } from './layout.ts';
import { type ActionForm, type ColumnsForm, isViewer } from './modal.ts';
import type { Pane } from './pane.ts';
import { linesOf } from './panes.ts';
import { type Gone, NONE_GONE } from './plan-lines.ts';
import type { Shown } from './rows.ts';
import { eventsOf, oomKillsShown, type Scene, selectedItem, selectedWorkload } from './scene.ts';
import { type FooterMessage, paneTop, type State } from './state.ts';
import { type Line, type Piece, windowed, wrapped, wrappedAll } from './style.ts';
import { suspectFigures } from './suspect-figures.ts';
import { type Trend, tableView } from './table-view.ts';
import { trendSamples } from './trend.ts';
import type { Block, View } from './view.ts';

/** What must be read for the next picture, and how far this one can be scrolled. */
export interface Needs {
  /** What the next Frame must have beside the cheap files of every row. */
  readonly demand: Demand;
  /** What is read of the selected row. */
  readonly parts: ReadonlySet<Part>;
  /** How far what is on it can be scrolled. */
  readonly scroll: Scroll;
}

export interface Composed {
  readonly view: View;
  readonly needs: Needs;
}

export const NO_NEEDS: Needs = { demand: NO_DEMAND, parts: new Set(), scroll: NO_SCROLL };

export function compose(scene: Scene, layout: Layout): Composed {
  const { state, frame, shown } = scene;
  const footer = footerOf(scene, layout);
  const over = overlayOf(scene, layout, footer.area.top);
  const overlay = over?.lines;
  const room = overlay ? footer.area.top : layout.body.height;
  const overlaid = overlay && {
    overlay: isViewer(state.modal) ? windowed(overlay, state.modal.top, room, MORE) : overlay,
  };
  const scrollOf = (length: number, panes: ReadonlyMap<string, number>): Scroll => ({
    overflow: over?.overflow ?? Math.max(0, (overlay?.length ?? length) - room),
    room,
    panes,
  });
  if (!frame || !shown) {
    const header = { area: layout.header, lines: [[['tstop', 'title'], [' reads the first sample …']] satisfies Line] };
    const table = { area: layout.table, lines: [] };
    const needs = { ...NO_NEEDS, scroll: scrollOf(0, new Map()) };
    return { view: { header, table, panes: [], charts: [], footer, ...overlaid }, needs };
  }
  const panes = layout.panes.map(({ pane, area }) => paneBlock(pane, area, scene, layout));
  const view: View = {
    header: { area: layout.header, lines: headerLines(scene, frame, shown, layout) },
    table: { area: layout.table, lines: tableLines(scene, frame, shown, layout) },
    panes,
    ...chartsOf(scene, layout),
    footer,
    ...overlaid,
  };
  const scroll = scrollOf(
    state.details ? (panes[0]?.length ?? 0) : 0,
    new Map(panes.map(({ key, area, length }) => [key, Math.max(0, length - area.height)])),
  );
  const parts = demandedIn(layout);
  const demand = demandOf(frame, shown, state, { window: layout.window, width: layout.table.width });
  return { view, needs: { demand, parts, scroll } };
}

const MORE = 'PgDn';

/** The lines that there is room for; what has the whole window scrolls by the keys of the table. */
function paneBlock(pane: Pane, area: Area, scene: Scene, layout: Layout): Block & { key: string; length: number } {
  const { state } = scene;
  const { key } = pane;
  const beside = layout.panes.map((other) => other.pane.key);
  const height = state.details ? Number.MAX_SAFE_INTEGER : area.height;
  const top = state.details ? state.detailsTop : paneTop(state, key);
  const lines = linesOf(pane, scene, { width: area.width, height, top, beside });
  const shown = windowed(lines, top, area.height, state.details ? MORE : hintOf(pane, layout.whole));
  return { key, area, lines: shown, length: lines.length };
}

/** What shows all of a pane that is too short. */
const hintOf = ({ key, partOf, allBy }: Pane, whole: Pane): string =>
  allBy ?? (key === whole.key || partOf === whole.key ? 'Enter shows all' : '');

function headerLines(
  { state, titles, alerts, age, isFlashing }: Scene,
  frame: Frame,
  shown: Shown,
  { width }: Layout,
): Line[] {
  const lines = headerView({ frame, shown, state, title: titles[state.screen] ?? '', alerts, age }, width);
  // Reversed from edge to edge.
  return isFlashing ? lines.map((line) => [...line, ['', 'selected']]) : lines;
}

function tableLines(scene: Scene, frame: Frame, shown: Shown, { table }: Layout): Line[] {
  const { state, recreated } = scene;
  const now = heldAt(state, frame) ?? Date.now();
  const oomKills = oomKillsShown(scene).map((event) => oomKillLine(event, now));
  return tableView({ frame, shown, state, recreated, oomKills, trend: trendIn(scene) }, table.width, table.height);
}

/** The trend of the figure that the table is sorted by. */
function trendIn({ state, seconds, historyOf }: Scene): Trend {
  const id = sortedMetric(state) ?? 'cpu_percent';
  const samples = trendSamples(seconds);
  return {
    samples,
    span: duration(samples * seconds),
    of: (inode) => historyOf(inode, id, samples).values,
  };
}

/** The charts of the selected row; where the screen asks for it, with what its suspects use. */
function chartsOf(scene: Scene, { charts, spark }: Layout): Pick<View, 'charts' | 'spark'> {
  const { state, frame, inside, seconds, historyOf } = scene;
  const inode = selectedWorkload(scene)?.inode ?? -1;
  const span = SPANS[state.span] ?? SPANS[0];
  const own = (id: string): Charted => ({ id, trace: (samples) => historyOf(inode, id, samples) });
  const suspects = suspectFigures(inside.diagnosis?.finding).flatMap(({ path, name, id }): Charted[] => {
    const suspect = frame?.workloads.find((workload) => workload.path === path);
    return suspect ? [{ id, of: name, trace: (samples) => historyOf(suspect.inode, id, samples) }] : [];
  });
  return {
    charts: charts.map(({ area, metrics, hasSuspects }): Chart => {
      const charted = [...metrics.map(own), ...(hasSuspects ? suspects : [])];
      return chartOf(area, charted, span, seconds);
    }),
    ...(spark ? { spark: { area: spark, ...sparkOf(own('cpu_percent').trace(spark.width).values, spark.width) } } : {}),
  };
}

/** A message has the lines that it needs, up to half the window: why something failed stands at its end. */
function footerOf(scene: Scene, { footer: area, height }: Layout): Block {
  const message = faultOf(scene);
  const line = footerView(scene.state, message, recordedIn(scene.frame) !== undefined);
  if (!message) return { area, lines: [line] };
  const all = wrapped(line, area.width);
  const most = Math.max(1, Math.floor(height / 2));
  const lines =
    all.length <= most ? all : [...all.slice(0, most - 1), [...(all[most - 1] ?? []), ['…'] satisfies Piece]];
  return { area: { ...area, top: height - lines.length, height: lines.length }, lines };
}

const faultOf = ({ shown, message, state }: Scene): FooterMessage | undefined =>
  shown?.fault === undefined || (state.prompt !== undefined && state.prompt !== 'filter')
    ? message
    : { text: shown.fault, style: 'critical' };

/** What lies over the table. A form says itself how much of it there is no room for. */
function overlayOf(
  scene: Scene,
  { width, table }: Layout,
  height: number,
): { readonly lines: readonly Line[]; readonly overflow?: number } | undefined {
  const { state, frame, shown, raw, titles, faults } = scene;
  const { modal } = state;
  switch (modal?.kind) {
    case undefined:
      return undefined;
    case 'help':
      return { lines: wrappedAll(helpLines(titles, faults), width) };
    case 'events':
      return { lines: wrappedAll(eventsView(eventsOf(scene), modal.show, modal.text, state.alarm), width) };
    case 'columns':
      return { lines: columnsView(modal, height, width, fittingOf(modal, state, table.width)) };
    case 'limits':
    case 'kill':
    case 'reclaim':
    case 'undo':
    case 'confirm':
    case 'trial':
      return actionView(modal, height, width, goneOf(modal, state, frame));
    case 'explain': {
      if (!frame || !shown) return undefined;
      // The text of a recorded file is of that moment too.
      const held = recordedIn(frame) ? undefined : heldAt(state, frame);
      const { slot } = modal;
      const lines = explainView({ frame, item: selectedItem(scene), slot, scales: state.scales, raw, held });
      return { lines: wrappedAll(lines, width) };
    }
  }
}

/** Targets of the form that run no more; a Frame that is held knows nothing of now. */
function goneOf(form: ActionForm, { paused }: State, frame: Frame | undefined): Gone {
  if (paused || !frame) return NONE_GONE;
  const there = new Set(frame.workloads.map(({ inode }) => inode));
  const targets = form.kind === 'undo' ? form.entries.flatMap((entry) => entry.targets) : form.targets;
  return new Set(targets.map(({ inode }) => inode).filter((inode) => !there.has(inode)));
}

/** Slots for which the table would have room. */
function fittingOf(form: ColumnsForm, state: State, tableWidth: number): ReadonlySet<string> {
  const columns = chosenIn(form) ?? state.columns;
  return new Set(columnsFor(tableWidth, { ...state, columns }).columns.map(({ slot }) => slot));
}

/** The newest figures that fit, unavailable ones left out, with their largest named: the line is scaled to it. */
function sparkOf(values: readonly number[], width: number): { title: string; values: readonly number[] } {
  const known = values.filter((value) => !Number.isNaN(value)).slice(-Math.max(1, width - 2));
  const most = Math.max(0, ...known);
  return { title: `CPU %, at most ${most.toFixed(1)}`, values: known.length > 0 ? known : [0] };
}
