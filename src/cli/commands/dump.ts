/** tscg dump: a recording as CSV, JSON lines or OpenMetrics. */
import { DUMP_FORMATS, type DumpFormat, openDumper } from '../../recording/dump.ts';
import { framesBetween, openRecording } from '../../recording/recording.ts';
import { UsageError } from '../errors.ts';
import { print, warn } from '../output.ts';
import { momentIn } from '../past.ts';

export interface DumpFlags {
  format: string;
  all?: boolean;
  since?: string;
  until?: string;
}

export function dump(path: string, { format, all = false, since, until }: DumpFlags): void {
  if (!isFormat(format)) throw new UsageError(`--format: "${format}" is none of ${DUMP_FORMATS.join(', ')}`);
  const recording = openRecording(path);
  try {
    // The moment that was shown at that time is the one before it.
    const from = since === undefined ? recording.first() : recording.placeAt(momentIn(recording, since, '--since'));
    const end = until === undefined ? recording.timeOf(recording.last()) : momentIn(recording, until, '--until');
    const dumper = openDumper(format, { all });
    if (dumper.head !== '') print(dumper.head);
    for (const frame of framesBetween(recording, recording.timeOf(from), end)) {
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
