/** What `--at` and `--from` mean. */

import { join } from 'node:path';
import { findWorkload, holderOf, NoSuchNameError } from '../inventory/resolve.ts';
import type { Workload } from '../inventory/workload.ts';
import { stateDirectory } from '../limits/applying/journal.ts';
import {
  isRecorded,
  openRecording,
  type RecordedFrame,
  type Recording,
  RecordingError,
  spanText,
  whyNotRecorded,
} from '../recording/recording.ts';
import { openReplay, type Replay } from '../recording/replay.ts';
import { clean } from '../text/clean.ts';
import { localTime } from '../text/local-time.ts';
import { shellWord } from '../text/shell-word.ts';
import { UsageError } from './errors.ts';
import { clockOf, dayBefore, momentOption } from './options.ts';
import { warn } from './output.ts';
import type { PastOptions } from './shared-options.ts';

/** Where `tscg record` writes to, without --to. */
export const recordingDirectory = (): string => join(stateDirectory(), 'recording');

/** Times of a recording as they were typed, by the names of their flags. */
export interface TypedTimes {
  readonly at?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/**
 * The recording in which these times are meant. A text that is no time is told first, whatever is at the path. Throws
 * UsageError, RecordingError.
 */
export function openRecordingFor(times: TypedTimes, path = recordingDirectory()): Recording {
  for (const [name, text] of Object.entries(times)) if (text !== undefined) momentOption(`--${name}`, text);
  return openRecording(path);
}

/** The recording and the time in it that are meant: its last moment without --at. Throws UsageError, RecordingError. */
export function openPast({ at, from }: PastOptions): { readonly recording: Recording; readonly time: number } {
  const recording = openRecordingFor({ at }, from);
  const time = at === undefined ? recording.timeOf(recording.last()) : momentIn(recording, at);
  const why = whyNotRecorded(recording, time);
  if (why === undefined) return { recording, time };
  recording.close();
  throw new UsageError(`--at: ${why}`);
}

/** So long before its end a recording may be looked at where nothing later was recorded. */
const EARLIER_MS = 600_000;

/** The recorder may have ended a while after its last moment. */
const isAfterEnd = (recording: Recording, time: number): boolean =>
  time > recording.timeOf(recording.last()) && !isRecorded(recording, time);

/** A time of day is that of the recording's last day on which it had come. */
export function momentIn(recording: Recording, text: string, flag = '--at'): number {
  const end = recording.timeOf(recording.last());
  const isClock = clockOf(text) !== undefined;
  const time = momentOption(flag, text, isClock ? new Date(end) : new Date());
  return isClock && isAfterEnd(recording, time) ? dayBefore(time) : time;
}

/**
 * The times that `--since` and `--until` mean: the whole recording without them. The moment that was shown at `since` is the
 * one before it, unless the recorder did not run then. Throws UsageError where nothing was recorded meanwhile.
 */
export function stretchIn(
  recording: Recording,
  { since, until }: Omit<TypedTimes, 'at'>,
): { readonly from: number; readonly to: number } {
  const [begin, end] = [recording.timeOf(recording.first()), recording.timeOf(recording.last())];
  const from = since === undefined ? begin : momentIn(recording, since, '--since');
  const to = until === undefined ? end : momentIn(recording, until, '--until');
  if (since !== undefined && until !== undefined && to < from)
    throw new UsageError(`--until ${localTime(to)} is before --since ${localTime(from)}`);
  if (isAfterEnd(recording, from))
    throw new UsageError(
      `nothing was recorded since ${localTime(from)}: the recording ends ${localTime(end)}; give an earlier --since, as "${localTime(Math.max(begin, end - EARLIER_MS))}"`,
    );
  if (to < begin)
    throw new UsageError(
      `--until: nothing was recorded up to ${localTime(to)}; the recording has ${spanText(recording)}`,
    );
  const start = isRecorded(recording, from) ? recording.timeOf(recording.placeAt(from)) : from;
  if (recording.timeOf(recording.placeAt(to)) < start) throw nothingBetween(recording, from, to);
  return { from: start, to };
}

export const nothingBetween = (recording: Recording, from: number, to: number): UsageError =>
  new UsageError(
    `nothing was recorded from ${localTime(from)} to ${localTime(to)}; the recording has ${spanText(recording)}`,
  );

/**
 * What `use` makes of the recording and the Frame at that time. Of which moment and machine that is, and what was damaged,
 * is said on standard error.
 */
export async function readPast<T>(
  options: PastOptions,
  use: (frame: RecordedFrame, recording: Recording) => T,
): Promise<T> {
  const { recording, time } = openPast(options);
  try {
    const frame = await openReplay(recording).past.seek(time);
    const result = use(frame, recording);
    warn(`tscg: recorded at ${localTime(frame.usage.snapshot.wall)} on ${frame.header.host.name || 'an unnamed host'}`);
    return result;
  } finally {
    for (const text of recording.damage()) warn(`tscg: ${text}`);
    recording.close();
  }
}

/** The workload that the name meant then. Throws NoSuchNameError, AmbiguousNameError, BadNameError. */
export function pastWorkload({ workloads, moment }: RecordedFrame, name: string, options: PastOptions): Workload {
  const pid = /^pid:(\d+)$/.exec(name)?.[1];
  if (pid === undefined) return namedThen(workloads, name, options);
  const process = moment.processes?.list.find((one) => one.pid === Number(pid));
  if (!process) throw new NoSuchNameError(name, [], `${name} is not among the processes that were recorded then`);
  return holderOf(workloads, process.cgroup) ?? findWorkload(workloads, process.cgroup);
}

/** What runs now may be another: the list that is named where nothing is near is that of then. */
function namedThen(workloads: readonly Workload[], name: string, { at, from }: PastOptions): Workload {
  try {
    return findWorkload(workloads, name);
  } catch (error) {
    if (!(error instanceof NoSuchNameError) || error.near.length > 0) throw error;
    const flags = Object.entries({ at, from }).flatMap(([flag, value]) =>
      value === undefined ? [] : [` --${flag} ${shellWord(value)}`],
    );
    throw new NoSuchNameError(
      name,
      [],
      `no container, unit or cgroup was called "${clean(name)}" then; \`tscg ls --all${flags.join('')}\` lists them`,
    );
  }
}

/** What tscg record has written on this machine. */
export function openOlder(): Replay | undefined {
  try {
    return openReplay(openRecording(recordingDirectory()));
  } catch (error) {
    if (error instanceof RecordingError) return undefined;
    throw error;
  }
}
