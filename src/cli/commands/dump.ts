/** tscg dump: a recording as CSV, JSON lines or OpenMetrics. */
import { DUMP_FORMATS, type DumpFormat, openDumper } from '../../recording/dump.ts';
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

export function dump(path: string, { format, all = false, since, until }: DumpFlags): void {
  if (!isFormat(format)) throw new UsageError(`--format: "${format}" is none of ${DUMP_FORMATS.join(', ')}`);
  const times = { since, until };
  const recording = openRecordingFor(times, path);
  try {
    const { from, to } = stretchIn(recording, times);
    const dumper = openDumper(format, { all });
    if (dumper.head !== '') print(dumper.head);
    for (const frame of framesBetween(recording, from, to)) {
      const text = dumper.of(frame);
      if (text !== '') print(text);
    }
    const tail = dumper.tail();
    if (tail !== '') print(tail);
  } finally {
    for (const text of recording.damage()) warn(`tscg: ${text}`);
    recording.close();
  }
}

const isFormat = (text: string): text is DumpFormat => DUMP_FORMATS.some((format) => format === text);
