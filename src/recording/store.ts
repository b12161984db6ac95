/**
 * The files of a recorder in its directory: one an hour, named by the time at which it begins, so that a moment is found by
 * the names alone. What is too much is removed, the oldest first; no clock is asked how old it is, as a wrong one would have all
 * of it removed. A frame is one write at the end of a file, so that whatever ends the program costs the last frame at most.
 */

import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  lstatSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { claim } from '../kernel/claim.ts';
import { codeOf } from '../kernel/error-code.ts';
import { foreignHand } from '../kernel/foreign-hand.ts';
import { makeDirectory } from '../kernel/make-directory.ts';
import { MS_PER_SECOND } from '../kernel/time-units.ts';
import { bytesText } from '../text/bytes.ts';
import { errorText } from '../text/error-text.ts';
import { createEncoder, type Encoder } from './format/encode.ts';
import type { Moment, RecordingHeader } from './format/moment.ts';

export interface Bounds {
  /** Milliseconds of recorded time that are kept. */
  readonly keepFor: number;
  /** Bytes that are kept. */
  readonly keepSize: number;
  /** Bytes of the file system that are left free. */
  readonly minFree: number;
}

export interface RecordingStore {
  /** Appends a moment, or says why not, once for each reason; what was said holds until `recovered`. */
  add(moment: Moment): StoreNews;
  close(): void;
}

/** What is worth telling: recording has stopped, or goes on. */
export interface StoreNews {
  /** What was removed or moved away, and was begun anew. */
  readonly anew?: string;
  readonly stopped?: string;
  readonly recovered?: true;
}

export interface RecordingStoreOptions {
  readonly directory: string;
  readonly bounds: Bounds;
  readonly header: Omit<RecordingHeader, 'started'>;
  readonly keyEvery?: number;
  /** write(2): gives how many bytes it took; another one in tests. */
  readonly write?: (fd: number, bytes: Buffer) => number;
  /** Bytes free where the directory is. */
  readonly free?: (directory: string) => number;
}

interface OpenFile {
  readonly fd: number;
  readonly name: string;
  readonly path: string;
  readonly inode: number;
  readonly hour: number;
  readonly encoder: Encoder;
  /** Time of its last moment: milliseconds since the epoch. */
  last: number;
  /** Bytes that were written to it. */
  size: number;
}

interface KeptFile {
  readonly name: string;
  readonly size: number;
  /** Of its first and of its last moment, by the clock of then: milliseconds since the epoch. */
  readonly begin: number;
  readonly end: number;
}

/** Milliseconds of recorded time in a file: up to the next one where the recorder went on with that, else up to its own end. */
function heldBy({ begin, end }: KeptFile, next: KeptFile | undefined, interval: number): number {
  const gap = (next?.begin ?? Number.NaN) - end;
  const until = gap >= 0 && gap <= 2 * interval ? end + gap : end;
  return Math.min(Math.max(0, until - begin), HOUR_MS + 2 * interval);
}

const RECORDING_NAME = /^(\d{8}T\d{6}Z)(-\d+)?\.tscgrec$/;
const HOUR_MS = 3_600_000;
/** Between two looks at what is there and what is free, and between two tries where nothing can be written. */
const LOOK_MS = 10_000;
/** Files in which --keep-size is spent, so that the oldest part can be removed. */
const PARTS = 12;

const freeBytes = (directory: string): number => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};

const inodeOf = (path: string): number | undefined => lstatSync(path, { throwIfNoEntry: false })?.ino;

/** Throws Error where the directory cannot be made or used, or another recorder writes there. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function openRecordingStore(options: RecordingStoreOptions): RecordingStore {
  const {
    directory,
    bounds,
    header,
    keyEvery,
    write = (fd, bytes) => writeSync(fd, bytes),
    free = freeBytes,
  } = options;
  let release: (() => void) | undefined = claimed(directory);
  let folder = inodeOf(directory);
  let open: OpenFile | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let stopped: string | undefined;
  /** Names of the files of this recorder that are there, in the order in which they were begun. */
  let own: string[] = [];

  function end(): void {
    if (!open) return;
    const ended = open;
    const { fd, path, encoder, last } = ended;
    open = undefined;
    try {
      // A disk that stays full would be filled with names.
      if (ended.size === 0) rmSync(path, { force: true });
      else {
        appendTo(ended, encoder.end());
        // Its last moment, where the clock was set since.
        futimesSync(fd, last / MS_PER_SECOND, last / MS_PER_SECOND);
      }
    } catch {
      // Without its index the file is read from its beginning.
    }
    closeSync(fd);
  }

  /** All of it or nothing: a part of a frame would be a damaged one. */
  function appendTo(file: OpenFile, bytes: Buffer): void {
    try {
      const taken = write(file.fd, bytes);
      if (taken < bytes.length)
        throw Object.assign(new Error('no space is left for a whole frame'), { code: 'ENOSPC' });
      file.size += taken;
    } catch (error) {
      ftruncateSync(file.fd, file.size);
      throw error;
    }
  }

  /**
   * Where the open file is no longer at its path, or the folder is gone, all begins anew in a folder of that name: nobody would
   * find what is written to the old ones. Gives what was lost. Throws as claimed() does, again at each try.
   */
  function beginAnew(): string | undefined {
    const path = open?.path ?? directory;
    if (release && inodeOf(path) === (open?.inode ?? folder)) return undefined;
    end();
    release?.();
    release = undefined;
    release = claimed(directory);
    folder = inodeOf(directory);
    return path;
  }

  /** In the order in which they were written: where the clock was set back, names alone would have it otherwise. */
  function keptFiles(): KeptFile[] {
    const names = recordingsIn(directory);
    own = own.filter((name) => names.includes(name));
    return [...names.filter((name) => !own.includes(name)), ...own].flatMap((name) => {
      // Somebody else may remove one meanwhile.
      const status = lstatSync(join(directory, name), { throwIfNoEntry: false });
      const end = name === open?.name ? open.last : status?.mtimeMs;
      return status ? [{ name, size: status.size, begin: beginOf(name), end: end ?? Number.NaN }] : [];
    });
  }

  /** Removes what is beyond the bounds; why nothing more may be written, if so. */
  function makeRoom(): string | undefined {
    const files = keptFiles();
    const held = files.map((file, index) => heldBy(file, files[index + 1], header.interval));
    /** What the files after one hold. */
    let later = held.reduce((sum, ms) => sum + ms, 0);
    let size = files.reduce((sum, file) => sum + file.size, 0);
    for (const [index, file] of files.entries()) {
      if (file.name === open?.name) break;
      later -= held[index] ?? 0;
      const isOld = later > bounds.keepFor;
      if (!isOld && size <= bounds.keepSize && free(directory) >= bounds.minFree) break;
      rmSync(join(directory, file.name), { force: true });
      size -= file.size;
    }
    const left = free(directory);
    if (left >= bounds.minFree) return undefined;
    return `${directory}: ${bytesText(left)} are free, and ${bytesText(bounds.minFree)} are to be left (--min-free)`;
  }

  function put(moment: Moment): void {
    const { wall } = moment.snapshot;
    const hour = Math.floor(wall / HOUR_MS);
    const isFull = open !== undefined && open.encoder.length() > bounds.keepSize / PARTS;
    // Where the clock is set back another file begins, so that the times of each go forward.
    if (open && (open.hour !== hour || isFull || wall < open.last)) end();
    if (!open) {
      const file = createFile(directory, wall);
      const encoder = createEncoder({ ...header, started: wall }, keyEvery);
      open = { ...file, hour, encoder, last: wall, size: 0 };
      own.push(file.name);
    }
    open.last = wall;
    const isFirst = open.encoder.length() === 0;
    appendTo(open, open.encoder.add(moment));
    // A crash of the machine costs what the kernel had not written: half a minute.
    if (isFirst || wall - lookedAt >= LOOK_MS) fdatasync(open.fd, () => undefined);
  }

  function tryTo(moment: Moment): Pick<StoreNews, 'anew' | 'stopped'> {
    const { wall } = moment.snapshot;
    const isDue = !(Math.abs(wall - lookedAt) < LOOK_MS);
    if (stopped !== undefined && !isDue) return { stopped };
    let anew: string | undefined;
    try {
      anew = beginAnew();
      const full = isDue ? makeRoom() : undefined;
      if (full === undefined) put(moment);
      else end();
      return { ...(anew && { anew }), ...(full && { stopped: full }) };
    } catch (error) {
      const code = codeOf(error);
      // The deltas that follow would be of a moment that is not there.
      end();
      return { ...(anew && { anew }), stopped: `${directory}: ${code ? `${code}: ` : ''}${errorText(error)}` };
    } finally {
      if (isDue) lookedAt = wall;
    }
  }

  return {
    add: (moment) => {
      const before = stopped;
      const { anew, stopped: now } = tryTo(moment);
      stopped = now;
      const lost = anew === undefined ? {} : { anew };
      if (now !== undefined && before === undefined) return { ...lost, stopped: now };
      return now === undefined && before !== undefined ? { ...lost, recovered: true } : lost;
    },
    close: () => {
      end();
      release?.();
    },
  };
}

/** Names of the files of a recorder, in the order of their beginnings. */
export const recordingsIn = (directory: string): string[] =>
  readdirSync(directory)
    .flatMap((name) => {
      const [, stamp, again = ''] = RECORDING_NAME.exec(name) ?? [];
      return stamp === undefined ? [] : [{ name, stamp, again: Number(again.slice(1)) }];
    })
    .sort((a, b) => (a.stamp < b.stamp ? -1 : a.stamp > b.stamp ? 1 : a.again - b.again))
    .map(({ name }) => name);

/** `20261129T031200Z.tscgrec`, and `20261129T031200Z-1.tscgrec` where that is there already. */
const nameOf = (time: number, again: number): string =>
  `${new Date(time).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z${again > 0 ? `-${again}` : ''}.tscgrec`;

/** When the file of that name begins: milliseconds since the epoch. */
export function beginOf(name: string): number {
  const stamp = RECORDING_NAME.exec(name)?.[1] ?? '';
  return Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}

function createFile(directory: string, time: number): Pick<OpenFile, 'fd' | 'name' | 'path' | 'inode'> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND | constants.O_NOFOLLOW;
  for (let again = 0; ; again++) {
    const name = nameOf(time, again);
    const path = join(directory, name);
    try {
      const fd = openSync(path, flags, 0o600);
      return { fd, name, path, inode: fstatSync(fd).ino };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || again >= 99) throw error;
    }
  }
}

/**
 * Makes the directory and claims it, as two recorders in one would remove each other's files. Gives the function that releases
 * it. Folders that were made for it are removed again where it cannot be claimed, as in a hierarchy of cgroups.
 */
function claimed(directory: string): () => void {
  const made = makeDirectory(directory, 0o700);
  try {
    const hand = foreignHand(directory);
    if (hand)
      throw new Error(
        `${directory}: ${hand.path} ${hand.how}: whoever can write there decides where we write; give a folder that you alone may write with --to`,
      );
    return claimedAlone(directory);
  } catch (error) {
    removeEmpty(made);
    throw error;
  }
}

function removeEmpty(made: readonly string[]): void {
  try {
    for (const path of made.toReversed()) rmdirSync(path);
  } catch {
    // Somebody else has put something there.
  }
}

function claimedAlone(directory: string): () => void {
  const held = claim(join(directory, 'recorder.pid'));
  if (typeof held === 'function') return held;
  throw new Error(`another tscg record writes to ${directory} (${held}): end it, or give another folder with --to`);
}
