/** tscg dump: a recording as CSV, JSON lines or OpenMetrics. */

import { setImmediate } from 'node:timers/promises';
import { DUMP_FORMATS, type DumpFormat, dumped } from '../../export/dump.ts';
import { framesBetween } from '../../recording/recording.ts';
import { UsageError } from '../errors.ts';
import { print, warn } from '../output.ts';
import { openRecordingFor, stretchIn } from '../past.ts';

export interface DumpFlags {
  format: string;
  all?: boolean;
  since?: string;
  until?: string;
}

export async function dump(path: string, { format, all = false, since, until }: DumpFlags): Promise<void> {
  if (!isFormat(format)) throw new UsageError(`--format: "${format}" is none of ${DUMP_FORMATS.join(', ')}`);
  const times = { since, until };
  const recording = openRecordingFor(times, path);
  try {
    const { from, to } = stretchIn(recording, times);
    for (const text of dumped(framesBetween(recording, from, to), { format, all })) {
      print(text);
      // That the reader has gone, as head does, is told by an event.
      await setImmediate();
    }
  } finally {
    for (const text of recording.damage()) warn(`tscg: ${text}`);
    recording.close();
  }
}

const isFormat = (text: string): text is DumpFormat => DUMP_FORMATS.some((format) => format === text);
