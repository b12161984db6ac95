/** A source that keeps the Frames of the last minutes, to step back in time: as many as a bound on memory lets be kept. */

import type { Frame, Source } from '../metrics/source.ts';
import { usageOf } from '../metrics/usage.ts';
import { type Replay, recordedIn } from '../recording/replay.ts';
import { clockTime } from '../text/local-time.ts';

const MOST_FRAMES = 600;
/** Bytes of the figures in which each Frame differs from the one before it. */
const MOST_BYTES = 12 << 20;

/** A recording of this machine; undefined where there is none. What reads it is loaded only then. */
export type OpenOlder = () => Promise<Replay | undefined>;

interface Kept {
  frame: Frame;
  /** Of the figures that are not those of the Frame before; nothing for the first one, which any must have. */
  bytes: number;
  /** By file: its times are not those of the Frame before. */
  readonly hasOwnTimes: readonly boolean[];
}

function keptAfter(frame: Frame, before: Frame | undefined): Kept {
  const { snapshot } = frame.usage;
  const was = before?.usage.snapshot;
  if (!was) return { frame, bytes: 0, hasOwnTimes: [] };
  let bytes = 0;
  for (const key of ['values', 'errors', 'times'] as const) {
    snapshot[key].forEach((array, index) => {
      if (array !== was[key][index]) bytes += array.byteLength;
    });
  }
  return { frame, bytes, hasOwnTimes: snapshot.times.map((array, file) => array !== was.times[file]) };
}

export function withPast(source: Source, openOlder?: OpenOlder): Source {
  const kept: Kept[] = [];
  let bytes = 0;
  let older: Replay | undefined;

  function keep(frame: Frame): void {
    const last = kept.at(-1);
    // What was computed of it is let go, and computed anew where it is shown again.
    if (last) last.frame = { ...last.frame, usage: usageOf(last.frame.usage.before, last.frame.usage.snapshot) };
    const newest = keptAfter(frame, last?.frame);
    kept.push(newest);
    bytes += newest.bytes;
    pack();
    while (kept.length > 1 && (bytes > MOST_BYTES || kept.length > MOST_FRAMES)) {
      kept.shift();
      const [oldest] = kept;
      if (!oldest) break;
      bytes -= oldest.bytes;
      oldest.bytes = 0;
    }
  }

  /** The last two are those whose rates are shown. */
  function pack(): void {
    const [next, one] = [kept.at(-2), kept.at(-3)];
    if (!one || !next) return;
    const { times } = next.frame.usage.snapshot;
    const { snapshot } = one.frame.usage;
    const own = snapshot.times.map((array, file) => one.hasOwnTimes[file] === true && array !== times[file]);
    const saved = snapshot.packTimes?.((file) => own[file] === true) ?? 0;
    one.bytes -= saved;
    bytes -= saved;
  }

  const wallOf = ({ usage }: Frame): number => usage.snapshot.wall;

  async function step(from: Frame, by: number): Promise<Frame> {
    if (recordedIn(from) && older) {
      const found = await older.past.step(from, by);
      const first = kept[0]?.frame;
      // Where the recording reaches what is kept here, that goes on.
      return by > 0 && first && (found === from || wallOf(found) >= wallOf(first)) ? first : found;
    }
    // One that is not kept any more is older than all that are.
    const at = Math.max(
      0,
      kept.findIndex(({ frame: { usage } }) => usage.snapshot === from.usage.snapshot),
    );
    return kept[Math.max(0, Math.min(kept.length - 1, at + by))]?.frame ?? from;
  }

  async function seek(time: number): Promise<Frame> {
    const first = kept[0]?.frame;
    if (!first) throw new Error('no Frame was taken yet');
    const found = kept.findLast(({ frame }) => wallOf(frame) <= time);
    if (found) return found.frame;
    if (!openOlder) return first;
    older ??= await openOlder();
    if (!older) throw new Error(`nothing was recorded before ${clockTime(wallOf(first))}: tscg record does`);
    return older.past.seek(time);
  }

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
