/** What `--at` and `--from` mean: a recorded moment in place of now. */
import { join } from 'node:path';
import { stateDirectory } from '../limits/applying/journal.ts';
import { openRecording, type RecordedFrame, type Recording, RecordingError, spanText } from '../recording/recording.ts';
import { openReplay, type Replay } from '../recording/replay.ts';
import { localTime } from '../text/local-time.ts';
import { UsageError } from './errors.ts';
import { momentOption } from './options.ts';
import { warn } from './output.ts';

export interface PastOptions {
  at?: string;
  from?: string;
}

/** Where `tscg record` writes to, without --to. */
export const recordingDirectory = (): string => join(stateDirectory(), 'recording');

/** Recorded moments so far from the one that is asked for are another time. */
const FAR_MS = 60_000;

/** The recording and the time in it that are meant: its last moment without --at. Throws UsageError, RecordingError. */
export function openPast({ at, from }: PastOptions): { readonly recording: Recording; readonly time: number } {
  const recording = openRecording(from ?? recordingDirectory());
  const end = recording.timeOf(recording.last());
  const time = at === undefined ? end : momentIn(recording, at);
  const near = recording.timeOf(recording.placeAt(time));
  if (Math.abs(near - time) > FAR_MS || time - end > FAR_MS) {
    recording.close();
    throw new UsageError(`--at: ${localTime(time)} was not recorded; the recording has ${spanText(recording)}`);
  }
  return { recording, time };
}

/** A time of day is that of the recording's last day on which it had come. */
export function momentIn(recording: Recording, text: string, flag = '--at'): number {
  const end = recording.timeOf(recording.last());
  const isClock = /^\d?\d:\d\d(:\d\d)?$/.test(text);
  const time = momentOption(flag, text, isClock ? new Date(end) : new Date());
  return isClock && time > end + FAR_MS ? time - 86_400_000 : time;
}

/** The Frame at that time. What was damaged is said on standard error. */
export async function pastFrame(options: PastOptions): Promise<RecordedFrame> {
  const { recording, time } = openPast(options);
  try {
    return await openReplay(recording).past.seek(time);
  } finally {
    for (const text of recording.damage()) warn(`tscg: ${text}`);
    recording.close();
  }
}

/** Of which moment and machine what follows is. */
export const pastTitle = ({ usage, header }: RecordedFrame): string =>
  `recorded at ${localTime(usage.snapshot.wall)} on ${header.host.name || 'an unnamed host'}`;

/** What tscg record has written on this machine. */
export function openOlder(): Replay | undefined {
  try {
    return openReplay(openRecording(recordingDirectory()));
  } catch (error) {
    if (error instanceof RecordingError) return undefined;
    throw error;
  }
}
