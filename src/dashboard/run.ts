/** tstop's loop: a Frame every interval, a draw for every Frame and every key; a key never waits for a Frame. */

import type { Hierarchy } from '../kernel/hierarchy.ts';
import { createHistory } from '../metrics/history.ts';
import { type Frame, openLiveSource } from '../metrics/source.ts';
import { headerView } from './header-view.ts';
import { footerView, helpLines } from './help-view.ts';
import { type Action, actionOf } from './keys.ts';
import { layoutOf } from './layout.ts';
import { processView } from './process-view.ts';
import { openSelectedProcesses } from './processes.ts';
import { type Key, openScreen, type View } from './screen.ts';
import { INITIAL, type State, settle, shownRows, type, update } from './state.ts';
import { COLOUR_THEME, type Line, PLAIN_THEME } from './style.ts';
import { SORTABLE, tableView } from './table-view.ts';

export interface TstopOptions {
  readonly hierarchy: Hierarchy;
  readonly proc: string;
  /** Between two Frames. */
  readonly seconds: number;
  readonly colour: boolean;
  readonly mouse: boolean;
}

const HISTORY_LENGTH = 240;

/** Resolves when the user quits; rejects when the screen cannot go on. The terminal is restored either way. */
export async function runTstop({ hierarchy, proc, seconds, colour, mouse }: TstopOptions): Promise<void> {
  const source = openLiveSource({ hierarchy, proc, watch: true });
  const processes = openSelectedProcesses({ mount: hierarchy.mount, proc });
  const history = createHistory('cpu_percent', HISTORY_LENGTH);
  let state: State = INITIAL;
  let frame: Frame | undefined;
  let rows: readonly number[] = [];
  let visible: ReadonlySet<number> = new Set();
  let overflow = 0;
  let trouble: { readonly what: string; readonly message: string } | undefined;

  const screen = openScreen({
    theme: colour ? COLOUR_THEME : PLAIN_THEME,
    mouse,
    onKey,
    onResize: draw,
    onClick: (line) => act({ type: 'move', by: state.top + line - 1 - state.position }),
    onWheel: (by) => act({ type: 'move', by }),
  });

  const inodeAt = (row: number): number => frame?.workloads[row]?.inode ?? -1;
  const tableWindow = (): number => {
    const { width, height } = screen.size();
    return Math.max(1, layoutOf(width, height, false).table.height - 1);
  };

  function onKey(key: Key): void {
    if (state.typing) {
      // Ctrl-C is always a way out.
      if (key.full === 'C-c') quit();
      state = type(state, key);
      draw();
    } else {
      const action = actionOf(key.full, key.character);
      if (action) act(action);
    }
  }

  function act(action: Action): void {
    if (action.type === 'quit') quit();
    if (action.type === 'redraw') screen.invalidate();
    if (action.type === 'suspend') screen.suspend();
    state = update(state, action, { order: rows.map(inodeAt), window: tableWindow(), columns: SORTABLE, overflow });
    draw();
  }

  function draw(): void {
    const { width, height } = screen.size();
    const layout = layoutOf(width, height, state.details);
    if (!frame) {
      const waiting: Line[] = [[['tstop', 'title'], [' reads the first sample …']]];
      screen.draw({
        layout,
        header: waiting,
        table: [],
        processes: [],
        spark: { title: '', values: [] },
        footer: footerView(state),
      });
      return;
    }
    rows = shownRows(frame, state);
    state = settle(state, { order: rows.map(inodeAt), window: tableWindow() });
    visible = new Set([
      ...rows.slice(state.top, state.top + tableWindow()).map(inodeAt),
      ...(state.selected === undefined ? [] : [state.selected]),
    ]);
    const selected = frame.workloads.find(({ inode }) => inode === state.selected);
    const processLines = layout.processes
      ? processView(selected, processes.of(state.selected), layout.processes.width)
      : [];
    const help = state.help ? helpLines() : undefined;
    overflow = Math.max(0, (help?.length ?? (state.details ? processLines.length : 0)) - (height - 3));
    const view: View = {
      layout,
      header: headerView(frame, rows.length, state, width),
      table: tableView(frame, rows, state, layout.table.width, layout.table.height),
      processes: state.details
        ? [...processLines.slice(0, 2), ...processLines.slice(2 + state.detailsTop)]
        : processLines,
      spark: sparkOf(history.of(state.selected ?? -1), layout.spark?.width ?? 0),
      footer: footerView(state, trouble && `${trouble.what}: ${trouble.message}`),
      ...(help ? { overlay: help.slice(state.helpTop) } : {}),
    };
    screen.draw(view);
  }

  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let open = true;
  function quit(): void {
    open = false;
    end();
  }
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) process.once(signal, quit);

  /** One failure costs its own cell: it is told in the footer, and the next tick tries again. */
  async function guarded(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (trouble?.what === what) trouble = undefined;
    } catch (error) {
      trouble = { what, message: error instanceof Error ? error.message : String(error) };
      if (open) draw();
    }
  }

  async function tick(): Promise<void> {
    if (state.paused && frame) return;
    await guarded('sample', async () => {
      frame = await source.next(visible);
      history.push(frame.usage);
      if (open) draw();
    });
    // The tree of what is selected now, drawn when it is read.
    await guarded('processes', async () => {
      const selected = frame?.workloads.find(({ inode }) => inode === state.selected);
      if (!selected) return;
      await processes.read(selected);
      if (open) draw();
    });
  }

  async function loop(): Promise<void> {
    draw();
    while (open) {
      const started = performance.now();
      await tick();
      const rest = Math.max(50, seconds * 1000 - (performance.now() - started));
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, rest).unref())]);
    }
  }

  try {
    await Promise.race([ended, loop()]);
  } finally {
    open = false;
    screen.close();
    source.close();
  }
}

/** The newest figures that fit, unavailable ones left out, with their largest named: the line is scaled to it. */
function sparkOf(values: readonly number[], width: number): View['spark'] {
  const known = values.filter((value) => !Number.isNaN(value)).slice(-Math.max(1, width - 2));
  const most = Math.max(0, ...known);
  return { title: `CPU %, at most ${most.toFixed(1)}`, values: known.length > 0 ? known : [0] };
}
