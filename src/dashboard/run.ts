/** tstop: a Frame every interval, a drawing for every Frame and every key; a key never waits for a Frame. */

import type { AlertWatch } from '../diagnosis/alerts/watch.ts';
import { openTroubleWatch } from '../diagnosis/trouble-watch.ts';
import { fleetOf } from '../fleet/source.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import type { Drift } from '../limits/applying/drift.ts';
import { openPressureWatch } from '../metrics/pressure-watch.ts';
import type { Frame, Source } from '../metrics/source.ts';
import type { Acting } from './acting.ts';
import { onScreen } from './after-action.ts';
import type { Dashboard } from './dashboards.ts';
import { createEffects } from './effects.ts';
import { openFleetReader } from './fleet-reader.ts';
import { createFrameMemory } from './frame-memory.ts';
import type { Guarded } from './inside.ts';
import { type OpenOlder, withPast } from './past.ts';
import { createProgram, type Program } from './program.ts';
import { withRecorded } from './recorded.ts';
import { createSampling, guardedBy } from './sampling.ts';
import { sceneMaker } from './scene-maker.ts';
import { openSelectedReader } from './selected.ts';
import { type End, openSession, type Surroundings } from './session.ts';
import { type Settings, saveSetting, scalesOf } from './settings.ts';
import { type FooterMessage, INITIAL, type State } from './state.ts';
import { openTerminal } from './terminal.ts';
import { themeOf } from './themes.ts';
import type { Event } from './update.ts';

export interface TstopOptions {
  /** This machine; absent where a recording or other machines are shown. */
  readonly machine?: { readonly hierarchy: Hierarchy; readonly proc: string };
  /** The time that a text means, in milliseconds since the epoch. Throws where it is none. */
  readonly timeOf: (text: string, from: Frame) => number;
  /** What was recorded before the Frames that a live source keeps. */
  readonly openOlder?: OpenOlder;
  readonly source: Source;
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
  /** Absent where only a recording is shown. */
  readonly alerts?: AlertWatch;
  /** Whether what suffers is looked at although nobody asked. */
  readonly looksByItself: boolean;
  /** Absent with --readonly. */
  readonly acting?: Acting;
}

const AGEING_MS = 1000;

/** Resolves when it is to end; rejects when the screen cannot go on. The terminal is restored either way. */
export async function runTstop(options: TstopOptions): Promise<End> {
  const { machine, dashboards, seconds } = options;
  const source = options.source.past ? options.source : withPast(options.source, options.openOlder);
  const surroundings: Surroundings = { dashboards, isReadOnly: !options.acting, isLive: source.isLive };
  const before = source.isLive ? undefined : source.past?.before;
  const memory = createFrameMemory({ dashboards, seconds, findDrifts: options.findDrifts, ...(before && { before }) });
  const pressures = machine && openPressureWatch({ mount: machine.hierarchy.mount, onEvent: memory.tell });
  const trouble = machine && openTroubleWatch({ ...machine, onEvent: memory.tell, onFindings: () => program.draw() });
  const state = initialState(options);
  const terminal = openTerminal({
    theme: () => themeOf(program.session().state.theme, options.ascii),
    mouse: options.mouse,
    onKey: (key) => onInput({ type: 'key', key }),
    onMouse: (pointer) => onInput({ type: 'pointer', pointer }),
    onResize: () => program.dispatch({ type: 'size', size: terminal.size() }),
    onHangUp: () => end('hung up'),
  });
  let exit = (): void => {};
  const exited = new Promise<void>((resolve) => {
    exit = resolve;
  });
  const guarded: Guarded = (...work) => guardedBy(program)(...work);
  const hooks = { onNews: () => program.draw(), guarded };
  const fleet = fleetOf(source);
  const charted = dashboards.flatMap(({ cells }) => cells.flatMap(({ metrics }) => metrics));
  const ofFleet = fleet && openFleetReader({ source: fleet, charted, seconds, ...hooks });
  const live = machine && trouble && openSelectedReader({ ...machine, looks: trouble, ...hooks });
  const selected = ofFleet ?? withRecorded(live, memory.recordedFinding);
  const program: Program = createProgram({
    session: { ...openSession(state, terminal.size(), surroundings), notice: faultNotice(options.faults) },
    surroundings,
    sceneOf: sceneMaker({ ...options, memory, selected, looks: trouble, ofFleet }),
    show: terminal.draw,
    perform: (effect) => perform(effect),
  });
  const perform = createEffects({
    terminal,
    source,
    acting: options.acting,
    finding: (session) => selected.of(session).inside.diagnosis?.finding,
    timeOf: options.timeOf,
    remember: (frame) => {
      if (!source.isLive) memory.push(frame, program.session().state, program.needs().demand.visible);
    },
    save: (key, value) => saveSetting(options.directory, key, value),
    expect: memory.expect,
    session: program.session,
    dispatch: program.dispatch,
    exit,
  });
  const sampling = createSampling({
    ...{ program, source, memory, selected, seconds },
    pressures,
    alerts: options.alerts,
    trouble: options.looksByItself ? trouble : undefined,
  });
  const input: Event[] = [];
  /** What the terminal sends in one piece, as a key that is held down, is handled together. */
  function onInput(event: Event): void {
    if (input.push(event) === 1) queueMicrotask(handleInput);
  }
  /** Handles what the user did, and reads at once what the screen demands then. */
  function handleInput(): void {
    program.dispatch(...input.splice(0));
    void guardedBy(program)('explain', () => selected.readExplained(program.session()));
    selected.look(program.session(), program.needs().parts);
    if (fleet?.lacks(program.needs().demand)) sampling.hurry();
  }
  // The screen shows the age of the figures, which goes on where no new ones come.
  const ageing = fleet && setInterval(program.draw, AGEING_MS);
  const end = (how: End): void => program.dispatch({ type: 'end', end: how });
  const release = onSignals(end);
  try {
    program.draw();
    await Promise.race([exited, sampling.run()]);
    return program.session().ending ?? 'quit';
  } finally {
    release();
    clearInterval(ageing);
    program.close();
    sampling.close();
    selected.close();
    terminal.close();
    source.close();
    pressures?.close();
    trouble?.close();
    options.alerts?.close();
  }
}

/** Not `once`: the shell and the kernel may both send SIGHUP, and the second would end it with a change half taken back. */
function onSignals(end: (how: End) => void): () => void {
  const quit = (): void => end('quit');
  const hangUp = (): void => end('hung up');
  process.on('SIGTERM', quit).on('SIGINT', quit).on('SIGHUP', hangUp);
  return () => void process.off('SIGTERM', quit).off('SIGINT', quit).off('SIGHUP', hangUp);
}

function initialState({ theme, mouse, settings, dashboard, dashboards }: TstopOptions): State {
  const { alarm = 'none', columns = {} } = settings;
  const state = { ...INITIAL, theme, mouse, alarm, ownColumns: columns, scales: scalesOf(settings) };
  return onScreen(state, dashboard, dashboards);
}

/** The first one; there is no room for more. */
function faultNotice(faults: readonly string[]): FooterMessage | undefined {
  const [first] = faults;
  if (first === undefined) return undefined;
  const more = faults.length > 1 ? ` (? shows ${faults.length - 1} more)` : '';
  return { text: `${first}${more}`, style: 'critical' };
}
