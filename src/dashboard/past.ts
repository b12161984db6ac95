/** A source that keeps the Frames of the last minutes, to step back in time: as many as a bound on memory lets be kept. */
import type { Frame, Source } from '../metrics/source.ts';
import { type Replay, recordedIn } from '../recording/replay.ts';
import { clock } from './held.ts';

const MOST_FRAMES = 600;
/** About 30 MB: a thousand rows for half a minute, a hundred for five. */
const MOST_VALUES = 2_500_000;

/** A recording of this machine; undefined where there is none. What reads it is loaded only then. */
export type OpenOlder = () => Promise<Replay | undefined>;

export function withPast(source: Source, openOlder?: OpenOlder): Source {
  const frames: Frame[] = [];
  let values = 0;
  let older: Replay | undefined;
  const sizeOf = ({ usage }: Frame): number => usage.snapshot.values.length;

  function keep(frame: Frame): void {
    frames.push(frame);
    values += sizeOf(frame);
    while (frames.length > 1 && (values > MOST_VALUES || frames.length > MOST_FRAMES)) {
      const oldest = frames.shift();
      if (oldest) values -= sizeOf(oldest);
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
    const at = Math.max(0, frames.indexOf(from));
    return frames[Math.max(0, Math.min(frames.length - 1, at + by))] ?? from;
  }

  async function seek(time: number): Promise<Frame> {
    const [first] = frames;
    if (!first) throw new Error('no Frame was taken yet');
    const kept = frames.findLast((frame) => wallOf(frame) <= time);
    if (kept) return kept;
    if (!openOlder) return first;
    older ??= await openOlder();
    if (!older) throw new Error(`nothing was recorded before ${clock(wallOf(first))}: tscg record does`);
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
