/** A recording as a source of Frames: it gives them in their order, and any of them by its time. */

import { createOwnMeter } from '../metrics/own-usage.ts';
import type { Frame, Past, PastMark, Source } from '../metrics/source.ts';
import { type RecordedFrame, type RecordedPlace, type Recording, whyNotRecorded } from './recording.ts';

export interface Replay extends Source {
  readonly past: RecordedPast;
  readonly recording: Recording;
}

export interface RecordedPast extends Past {
  step(from: Frame, by: number): Promise<RecordedFrame>;
  /** Throws where nothing was recorded at that time. */
  seek(time: number): Promise<RecordedFrame>;
  /** The next Frame in which such a thing happened; undefined where there is none. */
  find(from: Frame, mark: PastMark): Promise<RecordedFrame | undefined>;
  /** The Frames before that one, at most so many, the oldest first. */
  before(frame: Frame, count: number): Frame[];
}

/** Moments that are tried where one is lost. */
const MOST_LOST = 10_000;

const isSame = (one: RecordedPlace, other: RecordedPlace): boolean =>
  one.file === other.file && one.index === other.index;

const isRecorded = (frame: Frame): frame is RecordedFrame => 'moment' in frame;

/** The Frame with what was recorded beside it; undefined for one that is of no recording. */
export const recordedIn = (frame: Frame | undefined): RecordedFrame | undefined =>
  frame && isRecorded(frame) ? frame : undefined;

/** `start`: milliseconds since the epoch. */
export function openReplay(recording: Recording, start?: number): Replay {
  let at: RecordedPlace | undefined;
  const places = new WeakMap<Frame, RecordedPlace>();
  const playerCost = createOwnMeter();
  /** What was given last. */
  let last: RecordedFrame | undefined;

  /** The moment there, else the next one that is not lost, in the direction of `by`. */
  function frameAt(wanted: RecordedPlace, by: 1 | -1): RecordedFrame {
    let place = wanted;
    for (let tries = 0; tries < MOST_LOST; tries++) {
      const frame = recording.frame(place);
      if (frame) {
        places.set(frame, place);
        return frame;
      }
      const next = recording.step(place, by);
      if (isSame(next, place)) break;
      place = next;
    }
    throw new Error('no moment there can be read');
  }

  /** The same Frame as before where it is the same moment: an end of the recording tells so that there are no more. */
  function given(recorded: RecordedFrame): RecordedFrame {
    const place = places.get(recorded);
    if (place && at && last && isSame(place, at)) return last;
    at = place ?? at;
    last = { ...recorded, player: playerCost() };
    if (place) places.set(last, place);
    return last;
  }

  const placeOf = (frame: Frame): RecordedPlace => places.get(frame) ?? recording.placeAt(frame.usage.snapshot.wall);

  return {
    isLive: false,
    recording,
    next: async () => {
      const first = start === undefined ? recording.first() : recording.placeAt(start);
      return given(frameAt(at ? recording.step(at, 1) : first, 1));
    },
    past: {
      step: async (from, by) => given(frameAt(recording.step(placeOf(from), by), by < 0 ? -1 : 1)),
      seek: async (time) => {
        const why = whyNotRecorded(recording, time);
        if (why !== undefined) throw new Error(why);
        return given(frameAt(recording.placeAt(time), -1));
      },
      find: async (from, mark) => {
        const place = recording.next(placeOf(from), mark);
        return place && given(frameAt(place, 1));
      },
      before: (frame, count) => {
        const frames: Frame[] = [];
        const end = placeOf(frame);
        const first = recording.step(end, -count);
        // An inode of another boot is another cgroup.
        const { boot } = recording.header(end).host;
        for (let place = first; place.file !== end.file || place.index < end.index; place = recording.step(place, 1)) {
          const one = recording.frame(place);
          if (one?.header.host.boot === boot) frames.push(one);
        }
        return frames;
      },
    },
    onChange: () => undefined,
    close: () => recording.close(),
  };
}
