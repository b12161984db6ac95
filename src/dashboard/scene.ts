/** All that a screen is made of. Pure data: the views make lines of it. */

import type { Alert } from '../diagnosis/alerts/evaluate.ts';
import type { Workload } from '../inventory/workload.ts';
import type { Drift } from '../limits/applying/drift.ts';
import type { LogEvent } from '../metrics/events.ts';
import type { Item } from '../metrics/grouping.ts';
import type { Trace } from '../metrics/history.ts';
import type { Frame } from '../metrics/source.ts';
import { clockTime } from '../text/local-time.ts';
import { columnOf, isTextSort } from './columns.ts';
import type { RawTexts } from './explain-view.ts';
import { heldAt, toldBy } from './held.ts';
import type { Inside } from './inside.ts';
import type { ProcessList } from './process-view.ts';
import type { Shown } from './rows.ts';
import { indexOfSelected } from './selection.ts';
import type { FooterMessage, State } from './state.ts';

export interface Scene {
  readonly state: State;
  readonly frame: Frame | undefined;
  readonly shown: Shown | undefined;
  /** The titles of the screens, in their order. */
  readonly titles: readonly string[];
  /** What could not be used of settings and screens. */
  readonly faults: readonly string[];
  readonly processes: ProcessList | undefined;
  readonly inside: Inside;
  /** Figures of a row, up to the Frame that is shown. */
  readonly historyOf: (inode: number, id: string, samples: number) => Trace;
  /** Between two samples. */
  readonly seconds: number;
  readonly raw: RawTexts | undefined;
  readonly recreated: ReadonlySet<number>;
  readonly events: () => readonly LogEvent[];
  readonly drifts: readonly Drift[];
  /** Workloads that the OOM killer ended in the last minute, and that are gone. */
  readonly recentOomKills: readonly LogEvent[];
  /** The alerts that fire now. */
  readonly alerts: readonly Alert[];
  /** Seconds between the Frame that is held and the newest. */
  readonly age: number;
  /** Whether an alarm was just seen: the header is reversed. */
  readonly isFlashing: boolean;
  readonly message: FooterMessage | undefined;
}

export const selectedItem = ({ shown, state }: Pick<Scene, 'shown' | 'state'>): Item | undefined =>
  shown?.items[indexOfSelected(state, shown.items)];

/** The selected row of a Scene or a Session as a workload; undefined where nothing is selected, or a group that is no cgroup. */
export function selectedWorkload(of: Pick<Scene, 'shown' | 'state' | 'frame'>): Workload | undefined {
  const item = selectedItem(of);
  return item && of.frame?.workloads[item.row];
}

/** The events that had happened when the Frame on the screen was taken. */
export const eventsOf = ({ events, state, frame }: Scene): readonly LogEvent[] =>
  toldBy(events(), heldAt(state, frame));

/** Lines of the table that OOM kills may take. */
const MOST_OOM_KILLS = 3;

/** The OOM kills for which the table has lines. */
export const oomKillsShown = ({
  recentOomKills,
  state,
  frame,
}: Pick<Scene, 'recentOomKills' | 'state' | 'frame'>): readonly LogEvent[] =>
  toldBy(recentOomKills, heldAt(state, frame)).slice(-MOST_OOM_KILLS);

export const isSortedByMemory = ({ sort, scales }: State): boolean =>
  !isTextSort(sort) && columnOf(sort, scales).field.id.startsWith('memory_');

/** When the tree of processes was read, where that is another time than that of the held display; else no text. */
export function treeNote({ state, frame, processes, seconds }: Scene): string {
  const held = heldAt(state, frame);
  if (held === undefined || !frame || !processes) return '';
  const late = processes.now.time - frame.usage.snapshot.monotonic;
  return Math.abs(late) <= seconds * 1000 ? '' : `(at ${clockTime(held + late)}, not at ${clockTime(held)})`;
}
