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

/** Bytes of the figures that are not those of the Frame before; nothing for the first one, which any must have. */
function ownBytes({ usage: { snapshot } }: Frame, before: Frame | undefined): number {
  const was = before?.usage.snapshot;
  if (!was) return 0;
  let bytes = 0;
  for (const key of ['values', 'errors', 'times'] as const) {
    snapshot[key].forEach((array, index) => {
      if (array !== was[key][index]) bytes += array.byteLength;
    });
  }
  return bytes;
}

export function withPast(source: Source, openOlder?: OpenOlder): Source {
  const frames: Frame[] = [];
  let bytes = 0;
  let older: Replay | undefined;

  function keep(frame: Frame): void {
    const last = frames.at(-1);
    bytes += ownBytes(frame, last);
    // What was computed of it is let go, and computed anew where it is shown again.
    if (last) frames[frames.length - 1] = { ...last, usage: usageOf(last.usage.before, last.usage.snapshot) };
    frames.push(frame);
    while (frames.length > 1 && (bytes > MOST_BYTES || frames.length > MOST_FRAMES)) {
      const oldest = frames.shift();
      const [next] = frames;
      if (next) bytes -= ownBytes(next, oldest);
    }
  }

  const wallOf = ({ usage }: Frame): number => usage.snapshot.wall;

  async function step(from: Frame, by: number): Promise<Frame> {
    if (recordedIn(from) && older) {
      const found = await older.past.step(from, by);
      const [first] = frames;
      // Where the recording reaches what is kept here, that goes on.
      return by > 0 && first && (found === from || wallOf(found) >= wallOf(first)) ? first : found;
    }
    // One that is not kept any more is older than all that are.
    const at = Math.max(
      0,
      frames.findIndex(({ usage }) => usage.snapshot === from.usage.snapshot),
    );
    return frames[Math.max(0, Math.min(frames.length - 1, at + by))] ?? from;
  }

  async function seek(time: number): Promise<Frame> {
    const [first] = frames;
    if (!first) throw new Error('no Frame was taken yet');
    const kept = frames.findLast((frame) => wallOf(frame) <= time);
    if (kept) return kept;
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
