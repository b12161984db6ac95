/** Takes the Frames, and what is read of the selected row beside each of them. */

import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { AlertWatch } from '../diagnosis/alerts/watch.ts';
import type { TroubleWatch } from '../diagnosis/trouble-watch.ts';
import { fleetOf } from '../fleet/source.ts';
import type { Workload } from '../inventory/workload.ts';
import { madeFrom } from '../metrics/made-from.ts';
import type { PressureWatch } from '../metrics/pressure-watch.ts';
import { rowByInode } from '../metrics/snapshot.ts';
import type { Frame, Source } from '../metrics/source.ts';
import { errorText } from '../text/error-text.ts';
import { isDriftSign } from './drift-watch.ts';
import type { FrameMemory } from './frame-memory.ts';
import type { Part } from './inside.ts';
import type { Program } from './program.ts';
import { selectedWorkload } from './scene.ts';
import type { SelectedReader } from './selected.ts';
import { SPEEDS } from './state.ts';

export interface SamplingOptions {
  readonly program: Program;
  readonly source: Source;
  readonly memory: FrameMemory;
  readonly selected: SelectedReader;
  /** Absent where no machine runs here. */
  readonly pressures: Pick<PressureWatch, 'follow'> | undefined;
  /** Absent for a recording, which holds the alerts that fired then. */
  readonly alerts: AlertWatch | undefined;
  /** Absent where it does not look by itself. */
  readonly trouble: TroubleWatch | undefined;
  /** Between two Frames. */
  readonly seconds: number;
}

export interface Sampling {
  /** Resolves once it is closed. */
  run(): Promise<void>;
  /** Takes the next Frame at once, or as soon as the one that is under way is there. */
  hurry(): void;
  close(): void;
}

/** The least time between two Frames. */
const LEAST_MS = 50;
/** How long a Frame waits for the processes of the selected row. */
const TOGETHER_MS = 20;

export function createSampling(options: SamplingOptions): Sampling {
  const { program, source, selected, seconds } = options;
  let isOpen = true;
  let wake = (): void => {};
  let isHurried = false;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      // It keeps the process alive: while tstop is suspended, nothing else may.
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  return {
    run: async () => {
      // Rates need two samples: the second one comes soon, however long the interval.
      let interval = Math.min(seconds, 1);
      while (isOpen) {
        const started = performance.now();
        // A recording waits while the display is held.
        if (source.isLive || !program.session().state.paused) await tick(options);
        selected.look(program.session(), program.needs().parts);
        const wanted = (interval * 1000) / (source.isLive ? 1 : speedOf(program));
        const took = performance.now() - started;
        const rest = isHurried ? 0 : wanted - took;
        isHurried = false;
        // A store that is slow or does not answer has as long a rest.
        await pause(Math.max(LEAST_MS, rest, fleetOf(source) ? Math.min(took, wanted) : 0));
        interval = seconds;
      }
    },
    hurry: () => {
      isHurried = true;
      wake();
    },
    close: () => {
      isOpen = false;
      wake();
    },
  };
}

const speedOf = ({ session }: Pick<Program, 'session'>): number => SPEEDS[session().state.speed] ?? 1;

async function tick(options: SamplingOptions): Promise<void> {
  const { program, selected } = options;
  const guarded = guardedBy(program);
  let isDrawn = false;
  let list = Promise.resolve();
  const sample = guarded('sample', async () => {
    // The Frame tells where something ran, whose processes are read before it is drawn, so that one drawing shows both. If
    // they come much later, they are drawn by themselves.
    await takeFrame(options, async (frame) => {
      let isThere = false;
      list = guarded('processes', async () => {
        await selected.readProcesses(program.session(), frame);
        isThere = true;
        if (isDrawn) program.draw();
      });
      // Where nothing ran nothing is read. A timer wakes Node even after it was cleared.
      await turn();
      if (!isThere) await Promise.race([list, sleep(TOGETHER_MS, undefined, { ref: false })]);
    });
    isDrawn = true;
  });
  await Promise.all([sample, guarded('explain', () => selected.readExplained(program.session()))]);
  await list;
  // The sample may have selected a row whose processes were not read yet.
  const session = program.session();
  if (!selectedWorkload(session) || selected.of(session).processes) return;
  await guarded('processes', () => selected.readProcesses(session));
  program.draw();
}

/**
 * `ready`: reads what is drawn beside the Frame; resolves when that is there, or is late. The event loop has a turn between
 * the parts of the work: with ten thousand rows each takes some milliseconds, and a key waits for one of them only.
 */
async function takeFrame(options: SamplingOptions, ready: (frame: Frame) => Promise<void>): Promise<void> {
  const { program, source, memory, pressures, alerts, trouble, seconds } = options;
  const { demand } = program.needs();
  // At a speed at which not every Frame can be drawn, some are only remembered.
  const undrawn = source.isLive ? 0 : Math.floor((speedOf(program) * LEAST_MS) / 1000 / seconds) - 1;
  for (let count = 0; count < undrawn; count++)
    memory.push(await source.next(), program.session().state, demand.visible);
  const needed = alerts?.networkOf(program.session().newest?.workloads ?? []) ?? [];
  const frame = await source.next(
    needed.length > 0 ? { ...demand, network: new Set([...(demand.network ?? []), ...needed]) } : demand,
  );
  await turn();
  const isEnd = !source.isLive && frame === program.session().frame;
  if (isEnd)
    return program.dispatch({
      type: 'tell',
      message: { text: 'the recording ends here: [ { and @ go back', style: 'warning' },
    });
  const { state, frame: before } = program.session();
  const alarms = alerts?.after(frame) ?? [];
  for (const event of alarms) memory.tell(event);
  const news = [...memory.push(frame, state, demand.visible), ...alarms];
  await turn();
  await ready(frame);
  program.take({ type: 'frame', frame, news, recentOomKills: memory.recentOomKills() });
  await turn();
  program.drawOwed();
  pressures?.follow(followedIn(frame, demand.visible, selectedWorkload(program.session())));
  if (trouble) void guardedBy(program)('look', () => trouble.afterFrame(frame));
  if (before && !news.some(isDriftSign)) return;
  await guardedBy(program)('drift', async () => memory.lookForDrifts());
  program.draw();
}

const lastFollowed = madeFrom<readonly Workload[]>();

/** Whose pressure is watched: the selected one before the others that are visible, in the order of their rows. */
const followedIn = (
  { usage: { snapshot }, workloads }: Frame,
  visible: ReadonlySet<number>,
  selected: Workload | undefined,
): readonly Workload[] =>
  lastFollowed([workloads, visible, selected], () => {
    const rowOf = rowByInode(snapshot.rows);
    const rows = Int32Array.from(visible, (inode) => rowOf.get(inode) ?? -1).sort();
    const others = [...rows].flatMap((row) => workloads[row] ?? []);
    return [...new Set([...(selected ? [selected] : []), ...others])].filter(({ kind }) => kind !== 'root');
  });

/** One failure costs its own cell: it is told in the footer, and the next tick tries again. */
export const guardedBy =
  ({ session, dispatch }: Pick<Program, 'session' | 'dispatch'>) =>
  async (what: string, work: () => Promise<void>, part?: Part): Promise<void> => {
    try {
      await work();
      if (session().trouble?.what === what) dispatch({ type: 'no trouble', what });
    } catch (error) {
      dispatch({ type: 'trouble', trouble: { what, part, message: errorText(error) } });
    }
  };
