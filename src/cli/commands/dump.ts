/** tscg dump: a recording as CSV, JSON lines or OpenMetrics. */
import { DUMP_FORMATS, type DumpFormat, openDumper } from '../../recording/dump.ts';
import { openRecording } from '../../recording/recording.ts';
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
    const from = since === undefined ? recording.first() : recording.placeAt(momentIn(recording, since, '--since'));
    const end = until === undefined ? recording.timeOf(recording.last()) : momentIn(recording, until, '--until');
    const dumper = openDumper(format, { all });
    const last = recording.last();
    if (dumper.head !== '') print(dumper.head);
    for (let place = from; recording.timeOf(place) <= end; place = recording.step(place, 1)) {
      const frame = recording.frame(place);
      const text = frame ? dumper.of(frame) : '';
      if (text !== '') print(text);
      if (place.file === last.file && place.index === last.index) break;
    }
    const tail = dumper.tail();
    if (tail !== '') print(tail);
  } finally {
    for (const text of recording.damage()) warn(`tscg: ${text}`);
    recording.close();
  }
}

const isFormat = (text: string): text is DumpFormat => DUMP_FORMATS.some((format) => format === text);
