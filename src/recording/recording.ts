/** A recording to read: one file, or the files of a recorder in a folder, as one sequence of moments in the order of time. */

import { closeSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { codeOf } from '../kernel/error-code.ts';
import { openRegularFileSync, UnfitFileError } from '../kernel/regular-file.ts';
import { hostUsage } from '../metrics/host.ts';
import type { OwnInterval } from '../metrics/own-usage.ts';
import type { Frame } from '../metrics/source.ts';
import { usageOf } from '../metrics/usage.ts';
import { localTime } from '../text/local-time.ts';
import { FormatError } from './format/bytes.ts';
import { type MomentPlace, openFile, type RecordedFile } from './format/file.ts';
import { type FrameMark, MARKS } from './format/frames.ts';
import type { Moment, RecordingHeader } from './format/moment.ts';
import { beginOf, recordingsIn } from './store.ts';

/** A Frame of a recording, with what was recorded beside it. */
export interface RecordedFrame extends Frame {
  readonly moment: Moment;
  readonly header: RecordingHeader;
  /** What it cost to show it, where it is replayed: the Frame's own cost is that of the recorder. */
  readonly player?: OwnInterval;
}

/** Where a moment that can be read stands in a recording. */
export interface RecordedPlace {
  readonly file: number;
  /** Index into the moments of the file. */
  readonly index: number;
}

export interface Recording {
  /** The header of what was recorded at that place; without a place, at the first one. */
  header(place?: RecordedPlace): RecordingHeader;
  /** The last place at or before that time; the first one where there is none. */
  placeAt(time: number): RecordedPlace;
  /** Milliseconds since the epoch. */
  timeOf(place: RecordedPlace): number;
  first(): RecordedPlace;
  last(): RecordedPlace;
  /** The place so many moments on, or back, as far as there are any. */
  step(from: RecordedPlace, by: number): RecordedPlace;
  /** The next place with that mark; undefined where there is none. */
  next(from: RecordedPlace, mark: FrameMark): RecordedPlace | undefined;
  /** The Frame of that place; undefined where its moment is lost. */
  frame(place: RecordedPlace): RecordedFrame | undefined;
  /** What was not whole so far, a sentence each. */
  damage(): readonly string[];
  close(): void;
}

/** A path that leads to no recording. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

/** In intervals: over longer stretches without a moment there are no rates, as the recorder did not run. */
const MOST_GAP = 30;
/** Files that are kept open. */
const MOST_OPEN = 4;
/** A file without an index is read whole. */
const LARGEST_SCAN = 1 << 30;

interface Opened extends RecordedFile {
  readonly size: number;
  close(): void;
}

/** Throws RecordingError, RecordingVersionError. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function openRecording(path: string): Recording {
  const files = filesAt(path);
  const opened = new Map<number, Opened>();
  const unreadable = new Map<number, string>();
  const frames = new WeakMap<Moment, RecordedFrame>();

  /** Files that the recorder has begun meanwhile come last: the others keep their places. */
  function lookAgain(): void {
    for (const file of filesAt(path)) if (!files.includes(file)) files.push(file);
  }

  /** The file of that index; undefined where it holds nothing that can be read. One that has grown is opened anew. */
  function fileAt(index: number): Opened | undefined {
    const known = opened.get(index);
    if (known && (known.isEnded || sizeOf(files[index]) === known.size)) return known;
    known?.close();
    opened.delete(index);
    const at = files[index];
    if (at === undefined || unreadable.has(index)) return undefined;
    try {
      const file = openedFile(at);
      opened.set(index, file);
      for (const [other, one] of opened) {
        if (opened.size <= MOST_OPEN) break;
        one.close();
        opened.delete(other);
      }
      return file;
    } catch (error) {
      // The recorder removes what is too old.
      if (codeOf(error) === 'ENOENT') return undefined;
      if (!(error instanceof FormatError)) throw error;
      unreadable.set(index, `${at}: ${error.message}`);
      return undefined;
    }
  }

  const momentsOf = (index: number): readonly MomentPlace[] => fileAt(index)?.moments ?? [];

  function placeIn(file: number, time: number): RecordedPlace | undefined {
    const index = lastBefore(momentsOf(file), time);
    return index < 0 ? undefined : { file, index };
  }

  function edge(from: number, by: 1 | -1): RecordedPlace | undefined {
    for (let file = from; file >= 0 && file < files.length; file += by) {
      const { length } = momentsOf(file);
      if (length > 0) return { file, index: by > 0 ? 0 : length - 1 };
    }
    return undefined;
  }

  const first = (): RecordedPlace => edge(0, 1) ?? missing(path, unreadable);
  function last(): RecordedPlace {
    lookAgain();
    return edge(files.length - 1, -1) ?? missing(path, unreadable);
  }

  function stepOne(from: RecordedPlace, by: 1 | -1): RecordedPlace | undefined {
    const index = from.index + by;
    if (index >= 0 && index < momentsOf(from.file).length) return { file: from.file, index };
    if (from.file + by === files.length) lookAgain();
    return edge(from.file + by, by);
  }

  const momentAt = ({ file, index }: RecordedPlace): Moment | undefined => {
    const opened = fileAt(file);
    const number = opened?.moments[index]?.number;
    return number === undefined ? undefined : opened?.decode(number);
  };

  function headerAt({ file, index }: RecordedPlace): RecordingHeader | undefined {
    const opened = fileAt(file);
    return opened?.header(opened.moments[index]?.number ?? 0);
  }

  function momentBefore(place: RecordedPlace): Moment | undefined {
    const earlier = stepOne(place, -1);
    return earlier && headerAt(earlier)?.host.boot === headerAt(place)?.host.boot ? momentAt(earlier) : undefined;
  }

  const timeOf = ({ file, index }: RecordedPlace): number => momentsOf(file)[index]?.time ?? Number.NaN;

  first();
  return {
    first,
    last,
    timeOf,
    header: (place = first()) => headerAt(place) ?? missing(path, unreadable),
    placeAt: (time) => {
      lookAgain();
      for (let file = files.length - 1; file >= 0; file--) {
        // Its name tells that all of it is later: it need not be opened.
        if (files.length > 1 && beginOf(basename(files[file] ?? '')) > time) continue;
        const place = placeIn(file, time);
        if (!place) continue;
        // Where the clock was set back, the file before goes on after this one begins.
        const other = placeIn(file - 1, time);
        return other && timeOf(other) > timeOf(place) ? other : place;
      }
      return first();
    },
    step: (from, by) => {
      let place = from;
      for (let left = Math.abs(by); left > 0; left--) place = stepOne(place, by > 0 ? 1 : -1) ?? place;
      return place;
    },
    next: (from, mark) => {
      for (let place = stepOne(from, 1); place; place = stepOne(place, 1)) {
        if (((momentsOf(place.file)[place.index]?.marks ?? 0) & MARKS[mark]) !== 0) return place;
      }
      return undefined;
    },
    frame: (place) => {
      // In this order: the second is a short way from the first.
      const earlier = momentBefore(place);
      const moment = momentAt(place);
      const header = headerAt(place);
      if (!moment || !header) return undefined;
      const { snapshot, workloads, hidden, cost } = moment;
      // By the clock that nobody sets.
      const gap = snapshot.monotonic - (earlier?.snapshot.monotonic ?? Number.NaN);
      const before = gap > 0 && gap <= MOST_GAP * header.interval ? earlier : undefined;
      const known = frames.get(moment);
      if (known) return known;
      const frame: RecordedFrame = {
        usage: usageOf(before?.snapshot, snapshot),
        host: hostUsage(before?.snapshot.host, snapshot.host),
        ...{ workloads, hidden, cost, moment, header },
      };
      frames.set(moment, frame);
      return frame;
    },
    damage: () => [...unreadable.values(), ...[...opened.values()].flatMap(({ damage }) => damage())],
    close: () => {
      for (const file of opened.values()) file.close();
    },
  };
}

function missing(path: string, unreadable: ReadonlyMap<number, string>): never {
  const why = [...unreadable.values()][0]?.replace(`${path}: `, '');
  throw new RecordingError(`${path} holds no moment that can be read${why ? `: ${why}` : ''}`);
}

/** Throws RecordingError where no recording is; an Error where what is there cannot be read. */
function filesAt(path: string): string[] {
  if (path === '')
    throw new RecordingError('the name of the recording is empty; give a file, or the folder of tscg record');
  try {
    return namesAt(path);
  } catch (error) {
    const code = codeOf(error);
    throw code === undefined ? error : new Error(`${path} cannot be read: ${code}${remedyOf(code)}`);
  }
}

const remedyOf = (code: string): string =>
  code === 'EACCES' || code === 'EPERM' ? ' (it is for who recorded it: run as that user, or as root)' : '';

function namesAt(path: string): string[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) throw new RecordingError(`${path} is not there; tscg record makes a recording`);
  if (!status.isDirectory()) return [path];
  const names = recordingsIn(path);
  if (names.length === 0) throw new RecordingError(`${path} holds no recording; tscg record makes one`);
  return names.map((name) => join(path, name));
}

const sizeOf = (path: string | undefined): number | undefined =>
  path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.size;

/** Throws FormatError. */
function openedFile(path: string): Opened {
  const { fd, size: whole } = openedRegular(path);
  const size = Math.min(whole, LARGEST_SCAN);
  try {
    const file = openFile({
      size,
      read: (offset, length) => {
        const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
        return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, offset));
      },
    });
    return { ...file, size: whole, close: () => closeSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function openedRegular(path: string): ReturnType<typeof openRegularFileSync> {
  try {
    return openRegularFileSync(path, Number.POSITIVE_INFINITY);
  } catch (error) {
    if (error instanceof UnfitFileError) throw new FormatError('this is no regular file');
    const code = codeOf(error);
    // Of a file that cannot be read the others of its folder can be.
    throw code === undefined || code === 'ENOENT' ? error : new FormatError(`${code}${remedyOf(code)}`);
  }
}

/**
 * Index of the moment that is nearest before that time or at it; -1 for none. Where the clock was set back it is the later
 * one.
 */
function lastBefore(moments: readonly MomentPlace[], time: number): number {
  let [best, nearest] = [-1, Number.NEGATIVE_INFINITY];
  moments.forEach((moment, index) => {
    if (moment.time > time || moment.time < nearest) return;
    [best, nearest] = [index, moment.time];
  });
  return best;
}

/**
 * The Frames from one time to the other, both included, in milliseconds since the epoch; what is lost is left out. They come as
 * they were recorded, and where the clock was set back, their times go back.
 */
export function* framesBetween(recording: Recording, from: number, to: number): Generator<RecordedFrame> {
  const last = recording.last();
  // Where the clock was set back, the file before holds some of that time too.
  const begin = { file: Math.max(0, recording.placeAt(from).file - 1), index: -1 };
  for (let place = recording.step(begin, 1); ; place = recording.step(place, 1)) {
    const time = recording.timeOf(place);
    if (time >= from && time <= to) {
      const frame = recording.frame(place);
      if (frame) yield frame;
    }
    const isOver = place.file > last.file || (place.file === last.file && place.index >= last.index);
    // All files after one that begins later do so too.
    if (isOver || (place.index === 0 && time > to)) return;
  }
}

/** `2026-11-29 03:12:00 to 04:12:00`, local time. */
export function spanText(recording: Recording): string {
  const [first, last] = [recording.first(), recording.last()].map((place) => localTime(recording.timeOf(place)));
  const [day = '', clock] = last?.split(' ') ?? [];
  return `${first} to ${first?.startsWith(day) ? clock : last}`;
}

/** A recorded moment that is farther from the one that is asked for is another time, unless moments are farther apart. */
const FAR_MS = 60_000;

/** Whether the moment that is shown for that time is one of that time. */
export function isRecorded(recording: Recording, time: number): boolean {
  const place = recording.placeAt(time);
  return Math.abs(recording.timeOf(place) - time) <= Math.max(FAR_MS, recording.header(place).interval);
}

/** What is said where nothing was recorded at that time; undefined where something was. */
export function whyNotRecorded(recording: Recording, time: number): string | undefined {
  if (isRecorded(recording, time)) return undefined;
  return `${localTime(time)} was not recorded; the recording has ${spanText(recording)}`;
}
