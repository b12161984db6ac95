/** tstop: the dashboard; without a terminal, the table once. */

import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { THEME_NAMES } from '../dashboard/names.ts';
import type { TstopOptions } from '../dashboard/run.ts';
import type { Frame, Source } from '../metrics/source.ts';
import { exitProcess, HUNG_UP } from './exit.ts';
import { asksForFleet } from './fleet-flags.ts';
import { endWithReader } from './output.ts';
import { runProgram } from './program.ts';
import { buildTstop, type TstopFlags } from './tstop-program.ts';
import { setV8Flags } from './v8-flags.ts';

/** The program beside this one. */
const TSCG = fileURLToPath(new URL('./tscg.js', import.meta.url));

// The bundle holds drawille and blessed, which call `new Buffer`: Node would write its warning of that over the screen.
process.noDeprecation = true;

/** Milliseconds after the start: the first screen is shown, and the watches of a thousand cgroups are put. */
const STARTED_MS = 5000;

/** Bytes of a heap that is collected in some 10 ms. */
const SMALL_HEAP = 20 << 20;

/** Lets V8 optimize, and collects the garbage of the start: some 8 MB, which V8 would keep until its heap has grown by half. */
function endStart(): void {
  setV8Flags('afterStart');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  setV8Flags(getHeapStatistics().used_heap_size < SMALL_HEAP ? 'smallHeap' : 'largeHeap');
}

async function run(options: TstopFlags): Promise<void> {
  if (options.theme !== undefined && !THEME_NAMES.some((name) => name === options.theme)) {
    const { UsageError } = await import('./errors.ts');
    throw new UsageError(`--theme: no theme "${options.theme}"; one of ${THEME_NAMES.join(', ')}`);
  }
  if (!process.stdout.isTTY || !process.stdin.isTTY) {
    const { ls } = await import('./commands/ls.ts');
    const { replay, delay = '1' } = options;
    return ls({ ...options, sort: 'cpu_percent', delay, ...(replay !== undefined && { from: replay }) }, options);
  }
  // V8 refuses a code cache that was written under other flags than those of the start.
  if (process.env.TSCG_CODE_CACHE === undefined) setV8Flags('startOfScreen');
  setTimeout(endStart, STARTED_MS).unref();
  const { secondsOption } = await import('./options.ts');
  const seconds = secondsOption('--delay', options.delay ?? (asksForFleet(options) ? '5' : '1'));
  // The source is opened first, as its threads read while the rest is loaded.
  const shown = await shownBy(options);
  const { configDirectory, isUtf8, loadSettings } = await import('../dashboard/settings.ts');
  const { chooseDashboard } = await import('../dashboard/choose-dashboard.ts');
  const directory = configDirectory();
  const { settings, faults } = loadSettings(directory);
  const { openAlerts } = await import('./alerts.ts');
  // The rules are about the workloads that run here. With --readonly it shows what they say, and runs nothing.
  const isHere = options.replay === undefined && !asksForFleet(options);
  const alerts = isHere ? openAlerts(!options.readonly) : undefined;
  const chosen = chooseDashboard(options.dashboard, directory);
  const isPlain = !options.color || Boolean(process.env.NO_COLOR);
  const unusable = [...chosen.faults, ...faults];
  // With a screen a change under way is to be taken back before the end, whatever becomes of the terminal.
  releaseOutput();
  // A live source has found the cgroups by now. In this turn of the event loop it begins to read their files.
  await new Promise(setImmediate);
  const { runTstop } = await import('../dashboard/run.ts');
  const dashboard = runTstop({
    ...shown,
    seconds,
    theme: isPlain ? 'monochrome' : (options.theme ?? settings.theme ?? 'dark'),
    ascii: options.ascii || settings.ascii || !isUtf8(),
    mouse: options.mouse && settings.mouse !== false,
    settings,
    directory,
    dashboards: chosen.dashboards,
    dashboard: chosen.index,
    faults: unusable,
    ...(alerts && { alerts }),
    looksByItself: options.looks,
  });
  // Printed once the terminal is restored: the screen has room for the first one only.
  const end = await dashboard.finally(() => {
    for (const fault of unusable) process.stderr.write(`tstop: ${fault}\n`);
  });
  exitProcess(end === 'hung up' ? HUNG_UP : 0);
}

function shownBy(options: TstopFlags): Promise<Shown> {
  if (asksForFleet(options)) return manyMachines(options);
  return options.replay === undefined ? liveMachine(options) : recordedMachine(options);
}

type Shown = Pick<TstopOptions, 'machine' | 'source' | 'findDrifts' | 'acting' | 'timeOf' | 'openOlder'>;

async function liveMachine(options: TstopFlags): Promise<Shown> {
  if (options.at !== undefined) {
    const { UsageError } = await import('./errors.ts');
    throw new UsageError('--at is a time of a recording: give it with --replay');
  }
  const { PROC, openHierarchy, planContext } = await import('./context.ts');
  const { openLiveSource } = await import('../metrics/source.ts');
  const hierarchy = openHierarchy(options);
  const source = begun(openLiveSource({ hierarchy, proc: PROC, watch: true }));
  const { openJournal, stateDirectory } = await import('../limits/applying/journal.ts');
  const { driftOf } = await import('../limits/applying/drift.ts');
  const { pastMomentOption } = await import('./options.ts');
  const acting = {
    context: () => planContext(hierarchy),
    journal: openJournal(stateDirectory()),
    proc: PROC,
    reverting: { tscg: [process.execPath, TSCG] as const, stateDirectory: stateDirectory() },
  };
  return {
    machine: { hierarchy, proc: PROC },
    source,
    findDrifts: () => driftOf(acting.journal.read().changes, acting.context()),
    timeOf: (text) => pastMomentOption('@', text),
    openOlder: async () => (await import('./past.ts')).openOlder(),
    ...(options.readonly ? {} : { acting }),
  };
}

/** Begins to read the first Frame, so that the threads of the source do it while the dashboard is loaded. */
function begun(source: Source): Source {
  let first: Promise<Frame> | undefined = source.next({ visible: new Set() });
  // A failure is told by who awaits the Frame.
  first.catch(() => {});
  return {
    ...source,
    next: (demand) => {
      const frame = first ?? source.next(demand);
      first = undefined;
      return frame;
    },
  };
}

async function manyMachines(options: TstopFlags): Promise<Shown> {
  if (options.replay !== undefined || options.at !== undefined) {
    const { UsageError } = await import('./errors.ts');
    throw new UsageError('--replay and --at are of a recording: with --prometheus, press @ to go to a time');
  }
  const { storeOptions } = await import('./fleet-options.ts');
  const { openFleetSource } = await import('../fleet/source.ts');
  const { openStoreThread } = await import('../fleet/store-thread.ts');
  const { pastMomentOption } = await import('./options.ts');
  // Of a file that cannot be used any more no line is written over the screen: what it held before holds, and where the store
  // refuses that, the screen tells it with the name of the flag.
  const source = openFleetSource(openStoreThread(storeOptions(options, () => undefined)));
  return {
    source,
    findDrifts: () => [],
    timeOf: (text) => pastMomentOption('@', text, new Date(source.now())),
  };
}

async function recordedMachine({ replay = '', at }: TstopFlags): Promise<Shown> {
  const { openRecording } = await import('../recording/recording.ts');
  const { openReplay } = await import('../recording/replay.ts');
  const { momentIn, openPast } = await import('./past.ts');
  const { recording, time } =
    at === undefined ? { recording: openRecording(replay), time: undefined } : openPast({ from: replay, at });
  return {
    source: openReplay(recording, time),
    findDrifts: () => [],
    timeOf: (text) => momentIn(recording, text, '@'),
  };
}

const releaseOutput = endWithReader('tstop');
void runProgram('tstop', buildTstop(run));
