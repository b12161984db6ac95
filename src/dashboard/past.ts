/** A source that keeps the Frames of the last minutes, to step back in time: as many as a bound on memory lets be kept. */
import type { Frame, Source } from '../metrics/source.ts';

const MOST_FRAMES = 600;
/** About 30 MB: a thousand rows for half a minute, a hundred for five. */
const MOST_VALUES = 2_500_000;

export function withPast(source: Source): Source {
  const frames: Frame[] = [];
  let values = 0;
  const sizeOf = ({ usage }: Frame): number => usage.snapshot.values.length;

  function keep(frame: Frame): void {
    frames.push(frame);
    values += sizeOf(frame);
    while (frames.length > 1 && (values > MOST_VALUES || frames.length > MOST_FRAMES)) {
      const oldest = frames.shift();
      if (oldest) values -= sizeOf(oldest);
    }
  }

  return {
    isLive: source.isLive,
    onChange: (listener) => source.onChange(listener),
    close: () => source.close(),
    next: async (demand) => {
      const frame = await source.next(demand);
      keep(frame);
      return frame;
    },
    past: {
      step: async (from, by) => {
        // One that is not kept any more is older than all that are.
        const at = Math.max(0, frames.indexOf(from));
        return frames[Math.max(0, Math.min(frames.length - 1, at + by))] ?? from;
      },
      seek: async (time) => {
        const [first] = frames;
        if (!first) throw new Error('no Frame was taken yet');
        return frames.findLast(({ usage }) => usage.snapshot.wall <= time) ?? first;
      },
    },
  };
}
