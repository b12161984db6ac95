/** Frames of the last minutes, to step back in time: as many as a bound on memory lets be kept. */
import type { Frame } from '../metrics/source.ts';

export interface Past {
  push(frame: Frame): void;
  /** The frame so many samples after (before, where negative) that one, as far as they are kept. */
  step(from: Frame, by: number): Frame;
  /** Seconds between that frame and the newest. */
  age(frame: Frame): number;
}

const MOST_FRAMES = 600;
/** About 30 MB: a thousand rows for half a minute, a hundred for five. */
const MOST_VALUES = 2_500_000;

export function createPast(): Past {
  const frames: Frame[] = [];
  let values = 0;
  const sizeOf = ({ usage }: Frame): number => usage.snapshot.values.length;
  return {
    push: (frame) => {
      frames.push(frame);
      values += sizeOf(frame);
      while (frames.length > 1 && (values > MOST_VALUES || frames.length > MOST_FRAMES)) {
        const oldest = frames.shift();
        if (oldest) values -= sizeOf(oldest);
      }
    },
    step: (from, by) => {
      // One that is not kept any more is older than all that are.
      const at = Math.max(0, frames.indexOf(from));
      return frames[Math.max(0, Math.min(frames.length - 1, at + by))] ?? from;
    },
    age: (frame) => ((frames.at(-1)?.usage.snapshot.monotonic ?? 0) - frame.usage.snapshot.monotonic) / 1000,
  };
}
