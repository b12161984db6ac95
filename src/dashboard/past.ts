/** A source that keeps the Frames of the last minutes, to step back in time: as many as a bound on memory lets be kept. */

import type { Workload } from '../inventory/workload.ts';
import { differenceOf, type FigureDifference, undoDifference } from '../metrics/difference.ts';
import { draftAfter } from '../metrics/draft.ts';
import { hostUsage } from '../metrics/host.ts';
import { matchRows, type Snapshot } from '../metrics/snapshot.ts';
import type { Frame, Source } from '../metrics/source.ts';
import { usageOf } from '../metrics/usage.ts';
import { type Replay, recordedIn } from '../recording/replay.ts';
import { clockTime } from '../text/local-time.ts';

const LEAST_FRAMES = 2;
const MOST_FRAMES = 600;
const MOST_BYTES = 6 << 20;
/** What a Frame takes beside its figures. */
const FRAME_BYTES = 2000;

/** A recording of this machine; undefined where there is none. What reads it is loaded only then. */
export type OpenOlder = () => Promise<Replay | undefined>;

/** A Frame before the newest one: it is made again from the Frame after it and this. */
interface Kept extends Pick<Snapshot, 'wall' | 'monotonic' | 'host'>, Pick<Frame, 'hidden' | 'cost'> {
  /** Undefined where they are those of the Frame after. */
  readonly workloads: ListDifference | undefined;
  readonly difference: FigureDifference;
  readonly bytes: number;
}

/** How a list differs from the one after it: mostly in few places that lie close together. */
interface ListDifference {
  /** So many are the same at the beginning, and so many at the end. */
  readonly first: number;
  readonly last: number;
  /** Those between them. */
  readonly between: readonly Workload[];
}

function listDifference(list: readonly Workload[], later: readonly Workload[]): ListDifference {
  const most = Math.min(list.length, later.length);
  let [first, last] = [0, 0];
  while (first < most && list[first] === later[first]) first++;
  while (first + last < most && list.at(-1 - last) === later.at(-1 - last)) last++;
  return { first, last, between: list.slice(first, list.length - last) };
}

const listBefore = (later: readonly Workload[], { first, last, between }: ListDifference): readonly Workload[] => [
  ...later.slice(0, first),
  ...between,
  ...later.slice(later.length - last),
];

function keptOf({ usage: { snapshot }, workloads, hidden = 0, cost }: Frame, after: Frame): Kept {
  const { wall, monotonic, host, rows } = snapshot;
  const later = after.usage.snapshot;
  const difference = differenceOf(snapshot, later, matchRows(rows, later.rows));
  const own = workloads === after.workloads ? undefined : listDifference(workloads, after.workloads);
  const bytes =
    FRAME_BYTES + difference.places.byteLength + difference.figures.byteLength + (own?.between.length ?? 0) * 8;
  return { wall, monotonic, host, workloads: own, difference, bytes, hidden, cost };
}

interface Moment {
  readonly snapshot: Snapshot;
  readonly workloads: readonly Workload[];
}

/** `passed`: the Frames before `later` that are gone back over, the latest first. */
function wentBack(later: Moment, passed: readonly Kept[]): Moment | undefined {
  let { workloads } = later;
  let draft = draftAfter(later.snapshot, later.snapshot.rows, later.snapshot.monotonic);
  for (const { workloads: own, monotonic, difference } of passed) {
    if (own) {
      workloads = listBefore(workloads, own);
      draft = draftAfter(draft, workloads, monotonic);
    }
    undoDifference(difference, draft);
  }
  const { rows, parents, values, errors, times } = draft;
  const last = passed.at(-1);
  if (!last) return undefined;
  const { wall, monotonic, host } = last;
  return { snapshot: { wall, monotonic, host, rows, parents, values, errors, times }, workloads };
}

export function withPast(source: Source, openOlder?: OpenOlder): Source {
  /** The oldest first. */
  const kept: Kept[] = [];
  let newest: Frame | undefined;
  let bytes = 0;
  /** Index of the oldest Frame that is shown: once some are let go, the one before it tells its rates. */
  let first = 0;
  let older: Replay | undefined;

  function keep(frame: Frame): void {
    const one = newest && keptOf(newest, frame);
    newest = frame;
    if (!one) return;
    kept.push(one);
    bytes += one.bytes;
    while (kept.length > LEAST_FRAMES && (bytes > MOST_BYTES || kept.length > MOST_FRAMES)) {
      bytes -= kept.shift()?.bytes ?? 0;
      first = 1;
    }
  }

  function frameAt(index: number, last: Frame): Frame {
    const passed = kept.slice(index).reverse();
    const moment = wentBack({ snapshot: last.usage.snapshot, workloads: last.workloads }, passed);
    const [one, earlier] = [kept[index], kept[index - 1]];
    if (!moment || !one) return last;
    const before = earlier && wentBack(moment, [earlier])?.snapshot;
    return {
      usage: usageOf(before, moment.snapshot),
      host: hostUsage(before?.host, moment.snapshot.host),
      workloads: moment.workloads,
      hidden: one.hidden,
      cost: one.cost,
    };
  }

  const wallOf = ({ usage }: Frame): number => usage.snapshot.wall;

  async function step(from: Frame, by: number): Promise<Frame> {
    if (!newest) return from;
    if (recordedIn(from) && older) {
      const found = await older.past.step(from, by);
      // Where the recording reaches what is kept here, that goes on.
      return by > 0 && (found === from || wallOf(found) >= firstWall(newest)) ? frameAt(first, newest) : found;
    }
    // One that is not kept any more is older than all that are.
    const { monotonic } = from.usage.snapshot;
    const at = kept.findIndex((one) => one.monotonic >= monotonic);
    const wanted = (at < 0 ? kept.length : at) + by;
    return frameAt(Math.max(first, Math.min(kept.length, wanted)), newest);
  }

  async function seek(time: number): Promise<Frame> {
    if (!newest) throw new Error('no Frame was taken yet');
    const at = wallOf(newest) <= time ? kept.length : kept.findLastIndex(({ wall }) => wall <= time);
    if (at >= first || !openOlder) return frameAt(Math.max(first, at), newest);
    older ??= await openOlder();
    if (!older) throw new Error(`nothing was recorded before ${clockTime(firstWall(newest))}: tscg record does`);
    return older.past.seek(time);
  }

  const firstWall = (last: Frame): number => kept[first]?.wall ?? wallOf(last);

  return {
    isLive: source.isLive,
    onChange: (listener) => source.onChange(listener),
    close: () => {
      older?.close();
      source.close();
    },
    next: async (demand) => {
      const frame = await source.next(demand);
      keep(frame);
      return frame;
    },
    past: {
      step,
      seek,
      find: async (from, mark) => (older && recordedIn(from) ? older.past.find(from, mark) : undefined),
    },
  };
}
