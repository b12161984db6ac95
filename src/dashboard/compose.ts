/** The whole screen from what is known: pure, and the only place that says which view goes where. */
import type { Drift } from '../limits/applying/drift.ts';
import type { LogEvent } from '../metrics/events.ts';
import type { Trace } from '../metrics/history.ts';
import type { Frame } from '../metrics/source.ts';
import { actionView } from './action-view.ts';
import { type Chart, chartOf, SPANS } from './chart-view.ts';
import { columnOf, columnsFor } from './columns.ts';
import { chosenIn, columnsView } from './columns-form.ts';
import { containerView } from './container-view.ts';
import type { CellKind, Dashboard } from './dashboards.ts';
import { driftLines } from './drift-watch.ts';
import { ALL_EVENTS, eventLine, eventsView, gaspLine } from './events-view.ts';
import { explainView, type RawTexts } from './explain-view.ts';
import { filesystemView } from './filesystem-view.ts';
import { headerView } from './header-view.ts';
import { clock, heldAt, toldBy } from './held.ts';
import { footerView, helpLines } from './help-view.ts';
import type { Inside } from './inside.ts';
import type { Area } from './layout.ts';
import { type ActionForm, type ColumnsForm, isViewer } from './modal.ts';
import { namespacesView } from './namespaces-view.ts';
import { networkView } from './network-view.ts';
import { type Gone, NONE_GONE } from './plan-lines.ts';
import { type ProcessList, processView } from './process-view.ts';
import type { Shown } from './rows.ts';
import type { Pane, View } from './screen.ts';
import { stageOf, wholePane } from './stage.ts';
import { type FooterMessage, paneTop, type State } from './state.ts';
import { type Line, type Piece, windowed, wrapped } from './style.ts';
import { tableView } from './table-view.ts';
import { NO_SCROLL, type Scroll } from './update.ts';

export interface Scene {
  readonly state: State;
  readonly frame: Frame | undefined;
  readonly shown: Shown | undefined;
  readonly dashboards: readonly Dashboard[];
  /** What could not be used of settings and screens. */
  readonly faults: readonly string[];
  readonly processes: ProcessList | undefined;
  readonly inside: Inside;
  /** Figures of the selected row, up to the Frame that is shown. */
  readonly historyOf: (id: string, samples: number) => Trace;
  /** Between two samples. */
  readonly seconds: number;
  readonly raw: RawTexts | undefined;
  readonly recreated: ReadonlySet<number>;
  readonly events: readonly LogEvent[];
  readonly drifts: readonly Drift[];
  /** OOM-killed and gone. */
  readonly gasps: readonly LogEvent[];
  /** Seconds between the Frame that is held and the newest. */
  readonly age: number;
  /** An alarm was just seen. */
  readonly isFlashing: boolean;
  readonly message: FooterMessage | undefined;
}

export interface Composed {
  readonly view: View;
  readonly scroll: Scroll;
}

/** Lines of the table that they may take. */
const MOST_GASPS = 3;

/** Those for which there are lines. */
export const gaspsOf = (gasps: readonly LogEvent[], held: number | undefined): readonly LogEvent[] =>
  toldBy(gasps, held).slice(-MOST_GASPS);

export function compose(scene: Scene, width: number, height: number): Composed {
  const { state, frame, shown } = scene;
  const dashboard = scene.dashboards[state.screen];
  const stage = stageOf(state, dashboard, width, height);
  const footer = footerOf(scene, stage.footer, height);
  const header = { area: stage.header, lines: [[['tstop', 'title'], [' reads the first sample …']] satisfies Line] };
  const table = { area: stage.table, lines: [] };
  if (!frame || !shown) return { view: { header, table, panes: [], charts: [], footer }, scroll: NO_SCROLL };

  const over = overlayOf(scene, width, footer.area.top, stage.table.width);
  const held = heldAt(state, frame);
  const gasps = gaspsOf(scene.gasps, held).map((event) => gaspLine(event, held ?? Date.now()));
  const hasTree = stage.panes.some(({ show }) => show === 'processes');
  const panes = stage.panes
    .filter(({ show }) => show !== 'chart')
    // What has the whole window scrolls.
    .map(({ show, area }) => {
      if (state.details) {
        const lines = paneLines(show, scene, { ...area, height: Number.MAX_SAFE_INTEGER }, hasTree);
        return { show, area, lines: windowed(lines, state.detailsTop, area.height, MORE), length: lines.length };
      }
      const lines = paneLines(show, scene, area, hasTree);
      const shown = windowed(lines, paneTop(state, show), area.height, hintOf(show, dashboard));
      return { show, area, lines: shown, length: lines.length };
    });
  const overlay = over?.lines;
  const room = overlay ? footer.area.top : stage.body.height;
  const length = overlay?.length ?? (state.details ? panes[0]?.length : undefined) ?? 0;
  const view: View = {
    header: {
      ...header,
      lines: flashed(
        headerView({ frame, shown, state, title: dashboard?.title ?? '', age: scene.age }, width),
        scene.isFlashing,
      ),
    },
    table: {
      ...table,
      lines: tableView(
        { frame, shown, state, recreated: scene.recreated, gasps },
        stage.table.width,
        stage.table.height,
      ),
    },
    panes,
    charts: stage.panes.flatMap(({ show, area, metrics }): Chart[] => {
      const span = SPANS[state.span] ?? SPANS[0];
      return show === 'chart' ? [chartOf(area, metrics, scene.historyOf, span, scene.seconds)] : [];
    }),
    ...(stage.spark
      ? {
          spark: {
            area: stage.spark,
            ...sparkOf(scene.historyOf('cpu_percent', stage.spark.width).values, stage.spark.width),
          },
        }
      : {}),
    footer,
    ...(overlay ? { overlay: isViewer(state.modal) ? windowed(overlay, state.modal.top, room, MORE) : overlay } : {}),
  };
  const scroll: Scroll = {
    overflow: over?.overflow ?? Math.max(0, length - room),
    room,
    panes: new Map(panes.map(({ show, area, length: all }) => [show, Math.max(0, all - area.height)])),
  };
  return { view, scroll };
}

/** A message has the lines that it needs, up to half the window: why something failed stands at its end. */
function footerOf(scene: Scene, area: Area, height: number): Pane {
  const message = faultOf(scene);
  const line = footerView(scene.state, message);
  if (!message) return { area, lines: [line] };
  const all = wrapped(line, area.width);
  const most = Math.max(1, Math.floor(height / 2));
  const lines =
    all.length <= most ? all : [...all.slice(0, most - 1), [...(all[most - 1] ?? []), ['…'] satisfies Piece]];
  return { area: { ...area, top: height - lines.length, height: lines.length }, lines };
}

const MORE = 'PgDn';

/** What shows all of a pane that is too short. */
function hintOf(show: CellKind, dashboard: Dashboard | undefined): string {
  if (show === 'events') return 'v shows all';
  const whole = wholePane(dashboard);
  return show === whole || (show === 'processes' && whole === 'container') ? 'Enter shows all' : '';
}

/** Reversed from edge to edge. */
const flashed = (lines: Line[], isFlashing: boolean): Line[] =>
  isFlashing ? lines.map((line) => [...line, ['', 'selected']]) : lines;

/** `hasTree`: another pane shows the processes. */
function paneLines(show: string, scene: Scene, { width, height }: Area, hasTree: boolean): Line[] {
  const { frame, shown, state, processes, inside, drifts } = scene;
  const events = toldBy(scene.events, heldAt(state, frame));
  const selected = shown?.items.find(({ key }) => key === state.selected);
  const workload = selected && frame?.workloads[selected.row];
  const note = treeNote(scene);
  const treeOptions = { kernelThreads: state.kernelThreads, byMemory: isMemory(state), note };
  if (show === 'events') return folded(eventsView(events, ALL_EVENTS, ''), width);
  if (show === 'namespaces') return namespacesView(workload, inside.namespaces, width);
  if (show === 'filesystem') return filesystemView(workload, inside.filesystem, width, height);
  if (show === 'network') return networkView(workload, inside.network, width);
  if (show === 'processes' || !frame || !selected || !workload)
    return processView(workload, processes, width, treeOptions);
  const lastEvents = events.filter(({ path }) => path === workload.path).slice(-3);
  const about = [...containerView(frame, selected.row, workload, inside), ...driftLines(drifts, workload)];
  return [
    ...folded([...about, ...lastEvents.map(eventLine)], width),
    ...(hasTree
      ? []
      : [
          note === '' ? [] : ([[note, 'warning']] as const),
          ...processView(workload, processes, width, treeOptions).slice(1),
        ]),
  ];
}

/** A held tree is of when the display was held, or of when it was first asked for. */
function treeNote({ state, frame, processes, seconds }: Scene): string {
  const held = heldAt(state, frame);
  if (held === undefined || !frame || !processes) return '';
  const late = processes.now.time - frame.usage.snapshot.monotonic;
  return Math.abs(late) <= seconds * 1000 ? '' : `(at ${clock(held + late)}, not at ${clock(held)})`;
}

const folded = (lines: readonly Line[], width: number): Line[] => lines.flatMap((line) => wrapped(line, width));

const isMemory = ({ sort, scales }: State): boolean =>
  sort !== 'name' && columnOf(sort, scales).metric.id.startsWith('memory_');

const faultOf = ({ shown, message, state }: Scene): FooterMessage | undefined =>
  shown?.fault === undefined || (state.prompt !== undefined && state.prompt !== 'filter')
    ? message
    : { text: shown.fault, style: 'critical' };

/** What lies over the table. A form says itself how much of it there is no room for. */
function overlayOf(
  { state, frame, shown, raw, events, dashboards, faults }: Scene,
  width: number,
  height: number,
  tableWidth: number,
): { readonly lines: readonly Line[]; readonly overflow?: number } | undefined {
  const { modal } = state;
  const held = heldAt(state, frame);
  switch (modal?.kind) {
    case undefined:
      return undefined;
    case 'help':
      return { lines: folded(helpLines(dashboards, faults), width) };
    case 'events':
      return { lines: folded(eventsView(toldBy(events, held), modal.show, modal.text, state.alarm), width) };
    case 'columns':
      return { lines: columnsView(modal, height, width, fittingOf(modal, state, tableWidth)) };
    case 'limits':
    case 'kill':
    case 'reclaim':
    case 'undo':
    case 'confirm':
      return actionView(modal, height, width, goneOf(modal, state, frame));
    case 'explain': {
      if (!frame || !shown) return undefined;
      const selected = shown.items.find(({ key }) => key === state.selected);
      return { lines: folded(explainView(frame, selected, modal.slot, state.scales, raw, held), width) };
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
