/** tstop's loop: a Frame every interval, a draw for every Frame and every key; a key never waits for a Frame. */

import type { Hierarchy } from '../kernel/hierarchy.ts';
import { createReadFiles } from '../kernel/read-files.ts';
import type { Drift } from '../limits/applying/drift.ts';
import { createEventLog, type LogEvent } from '../metrics/events.ts';
import { createHistory } from '../metrics/history.ts';
import { openPressureWatch } from '../metrics/pressure-watch.ts';
import { type Frame, openLiveSource } from '../metrics/source.ts';
import { errorText } from '../text/error-text.ts';
import type { Acting } from './actions.ts';
import { createAlarms } from './alarm.ts';
import { CHARTED } from './chart-view.ts';
import { columnOf, sortedMetric } from './columns.ts';
import { compose, gaspsOf } from './compose.ts';
import { createController } from './controller.ts';
import type { Dashboard } from './dashboards.ts';
import { type Demand, demandOf } from './demand.ts';
import { createDriftWatch, isDriftSign } from './drift-watch.ts';
import { filesOf, type RawTexts } from './explain-view.ts';
import { heldAt } from './held.ts';
import { openInside } from './inside.ts';
import type { Action } from './keys.ts';
import { mouseAction } from './mouse.ts';
import { createPast } from './past.ts';
import { openSelectedProcesses } from './processes.ts';
import { readRawTexts } from './raw-texts.ts';
import { createRecreations } from './recreated.ts';
import { openScreen } from './screen.ts';
import { type Settings, saveSetting, scalesOf } from './settings.ts';
import { type Stage, stageOf } from './stage.ts';
import { type FooterMessage, INITIAL, type State } from './state.ts';
import { tableWindow } from './table-view.ts';
import { themeOf } from './themes.ts';
import { onScreen } from './update.ts';

export interface TstopOptions {
  readonly hierarchy: Hierarchy;
  readonly proc: string;
  /** Between two Frames. */
  readonly seconds: number;
  readonly theme: string;
  readonly ascii: boolean;
  readonly mouse: boolean;
  readonly settings: Settings;
  /** Where they are saved. */
  readonly directory: string;
  readonly dashboards: readonly Dashboard[];
  /** Index of the first one to show. */
  readonly dashboard: number;
  /** What could not be read of settings and dashboards. */
  readonly faults: readonly string[];
  /** Limits that tscg set and that read otherwise by now. */
  readonly findDrifts: () => readonly Drift[];
  /** Absent with --readonly. */
  readonly acting?: Acting;
}

/** How it ended: by a key or a signal, or because the terminal was closed. */
export type End = 'quit' | 'hung up';

/** Resolves when it is to end; rejects when the screen cannot go on. The terminal is restored either way. */
export async function runTstop(options: TstopOptions): Promise<End> {
  const { hierarchy, proc, seconds, settings, dashboards, directory } = options;
  const source = openLiveSource({ hierarchy, proc, watch: true });
  const readFiles = createReadFiles();
  const processes = openSelectedProcesses({ mount: hierarchy.mount, proc, readFiles });
  const inside = openInside({
    mount: hierarchy.mount,
    root: hierarchy.root,
    proc,
    readFiles,
    guarded,
    onNews: () => open && draw(),
  });
  const history = createHistory(CHARTED, seconds);
  history.track(dashboards.flatMap(({ cells }) => cells.flatMap(({ metrics }) => metrics)));
  const recreations = createRecreations();
  const events = createEventLog();
  const drifts = createDriftWatch(options.findDrifts);
  const past = createPast();
  const pressures = openPressureWatch({ mount: hierarchy.mount, onEvent: events.tell });
  /** On the screen, and of now: another one where the display is held. */
  let frame: Frame | undefined;
  let newest: Frame | undefined;
  let raw: RawTexts | undefined;
  let demand: Demand = { visible: new Set() };
  let trouble: { readonly what: string; readonly message: string } | undefined;

  const initial = {
    ...INITIAL,
    theme: options.theme,
    mouse: options.mouse,
    alarm: settings.alarm ?? 'none',
    ownColumns: settings.columns ?? {},
    scales: scalesOf(settings),
  };
  const controller = createController({
    initial: onScreen(initial, options.dashboard, dashboards),
    dashboards,
    acting: options.acting,
    newest: () => newest,
    window: windowNow,
    onChange: () => void draw(),
    onAction,
    onOwnChange: (paths) => events.expect(paths, Date.now()),
    save: (key, value) => saveSetting(directory, key, value),
  });
  for (const fault of options.faults.slice(0, 1)) {
    const more = options.faults.length > 1 ? ` (? shows ${options.faults.length - 1} more)` : '';
    controller.tell({ text: `${fault}${more}`, style: 'critical' });
  }

  const screen = openScreen({
    theme: () => themeOf(controller.state().theme, options.ascii),
    mouse: options.mouse,
    onKey: controller.key,
    onResize: () => draw(),
    onHangUp: () => hangUp(),
    onMouse: (pointer) => {
      const state = controller.state();
      const rows = controller.shown()?.items.length ?? 0;
      const action = mouseAction(pointer, { state, stage: stageNow(state), rows, gasps: gaspsNow().length });
      if (action) controller.act(action);
    },
  });

  const alarms = createAlarms({
    choice: () => controller.state().alarm,
    ring: screen.bell,
    tell: controller.tell,
    redraw: () => open && draw(),
  });

  function windowNow(): number {
    const { table } = stageNow({ ...controller.state(), details: false, charts: false });
    return tableWindow(table.height, gaspsNow().length);
  }

  const gaspsNow = (): readonly LogEvent[] => gaspsOf(events.gasps(Date.now()), heldAt(controller.state(), frame));

  function stageNow(state: State): Stage {
    const { width, height } = screen.size();
    return stageOf(state, dashboards[state.screen], width, height);
  }

  function onAction(action: Action): void {
    if (action.type === 'quit') quit();
    if (action.type === 'redraw') screen.invalidate();
    if (action.type === 'suspend') screen.suspend();
    if (action.type === 'mouse') screen.setMouse(controller.state().mouse);
    if (action.type === 'step' && frame) frame = past.step(frame, action.by);
    if (action.type === 'pause' && !controller.state().paused && frame)
      frame = past.step(frame, Number.MAX_SAFE_INTEGER);
    if (controller.state().modal?.kind === 'explain') void guarded('explain', readExplained);
    lookInside();
  }

  function draw(): void {
    const { width, height } = screen.size();
    if (frame) {
      controller.see(frame);
      demand = demandNow(frame);
    }
    const state = controller.state();
    const inode = controller.selected()?.inode;
    const age = frame ? past.age(frame) : 0;
    const composed = compose(
      {
        state,
        frame,
        shown: controller.shown(),
        dashboards,
        faults: options.faults,
        processes: processes.of(inode),
        inside: inside.of(controller.selected(), frame?.workloads ?? []),
        historyOf: (id, samples) => history.of(inode ?? -1, id, samples, Math.round(age / seconds)),
        seconds,
        raw,
        recreated: recreations.recent(),
        events: events.all(),
        drifts: drifts.all(),
        gasps: events.gasps(Date.now()),
        age,
        isFlashing: alarms.isFlashing(),
        message: messageNow(),
      },
      width,
      height,
    );
    controller.setScroll(composed.scroll);
    screen.draw(composed.view);
  }

  /** As the state and the window are now. */
  function demandNow(seen: Frame): Demand {
    const state = controller.state();
    const { table } = stageNow(state);
    return demandOf(seen, controller.shown(), state, { window: windowNow(), width: table.width });
  }

  const messageNow = (): FooterMessage | undefined =>
    trouble ? { text: `${trouble.what}: ${trouble.message}`, style: 'critical' } : controller.message();

  async function readExplained(): Promise<void> {
    const { modal, scales } = controller.state();
    const workload = controller.selected();
    if (modal?.kind !== 'explain' || !workload) return;
    raw = await readRawTexts(hierarchy.mount, workload, filesOf(columnOf(modal.slot, scales).metric), readFiles);
    if (open) draw();
  }

  function lookInside(): void {
    const state = controller.state();
    inside.look({
      selected: controller.selected(),
      workloads: frame?.workloads ?? [],
      panes: stageNow(state).panes.map(({ show }) => show),
      isHeld: state.paused,
    });
  }

  /** A race with `ended` at every tick would leave a reaction on it each time. */
  let wake = (): void => {};
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, ms).unref();
    });

  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let open = true;
  /** Nothing is left half done: a change under way is taken back first. */
  let isEnding = false;
  function quit(): void {
    if (isEnding) return;
    isEnding = true;
    void controller.finish().finally(() => {
      open = false;
      wake();
      end();
    });
  }
  let ending: End = 'quit';
  function hangUp(): void {
    ending = 'hung up';
    quit();
  }
  // Not `once`: the shell and the kernel may both send SIGHUP, and the second one would end it with a change half taken back.
  process.on('SIGTERM', quit).on('SIGINT', quit).on('SIGHUP', hangUp);

  /** One failure costs its own cell: it is told in the footer, and the next tick tries again. */
  async function guarded(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (trouble?.what === what) trouble = undefined;
    } catch (error) {
      trouble = { what, message: errorText(error) };
      if (open) draw();
    }
  }

  async function lookForDrifts(): Promise<void> {
    for (const event of drifts.look(Date.now())) events.tell(event);
  }

  async function tick(): Promise<void> {
    let isDrawn = false;
    const sample = guarded('sample', async () => {
      const next = await source.next(demand);
      newest = next;
      const sorted = sortedMetric(controller.state());
      if (sorted !== undefined) history.track([sorted]);
      history.push(next.usage, demand.visible);
      past.push(next);
      recreations.push(next.workloads, Date.now());
      const news = events.push(next);
      if (!frame || news.some(isDriftSign)) await guarded('drift', lookForDrifts);
      alarms.see(news);
      // A held display stands still; what is remembered goes on.
      if (!controller.state().paused || !frame) frame = next;
      const selected = controller.selected();
      pressures.follow([
        ...(selected ? [selected] : []),
        ...next.workloads.filter(({ inode }) => inode !== selected?.inode && demand.visible.has(inode)),
      ]);
      if (open) draw();
      isDrawn = true;
    });
    // Beside the sample, so that one draw shows both; late, it has its own.
    const list = guarded('processes', async () => {
      await readProcesses();
      if (open && isDrawn) draw();
    });
    await Promise.all([sample, list, guarded('explain', readExplained)]);
    lookInside();
    const selected = controller.selected();
    // Selected by this very sample.
    if (!selected || processes.of(selected.inode)) return;
    await guarded('processes', readProcesses);
    if (open) draw();
  }

  async function readProcesses(): Promise<void> {
    const selected = controller.selected();
    // A held tree stands still, but one that was never read is not "reading …" for ever.
    if (!selected || (controller.state().paused && processes.of(selected.inode))) return;
    await processes.read(selected);
  }

  async function loop(): Promise<void> {
    draw();
    // Rates need two samples: the second one comes soon, however long the interval.
    let interval = Math.min(seconds, 1);
    while (open) {
      const started = performance.now();
      await tick();
      await pause(Math.max(50, interval * 1000 - (performance.now() - started)));
      interval = seconds;
    }
  }

  try {
    await Promise.race([ended, loop()]);
    return ending;
  } finally {
    open = false;
    process.off('SIGTERM', quit).off('SIGINT', quit).off('SIGHUP', hangUp);
    inside.look({ selected: undefined, workloads: [], panes: [], isHeld: true });
    screen.close();
    source.close();
    pressures.close();
  }
}
