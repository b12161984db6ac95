/** tscg incident: one file of what was recorded around a moment, for tstop --replay on any machine. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { openJournal, stateDirectory } from '../../limits/applying/journal.ts';
import { incidentOf } from '../../recording/incident.ts';
import { openRecording } from '../../recording/recording.ts';
import { bytesText } from '../../text/bytes.ts';
import { counted } from '../../text/counted.ts';
import { localTime } from '../../text/local-time.ts';
import { UsageError } from '../errors.ts';
import { printLine, warn } from '../output.ts';
import { momentIn, recordingDirectory } from '../past.ts';

export interface IncidentFlags {
  since: string;
  until?: string;
  from?: string;
  out?: string;
  redact?: boolean;
}

export function incident({ since, until, from, out, redact = false }: IncidentFlags): void {
  const recording = openRecording(from ?? recordingDirectory());
  try {
    const begin = momentIn(recording, since, '--since');
    const end = until === undefined ? recording.timeOf(recording.last()) : momentIn(recording, until, '--until');
    if (end < begin) throw new UsageError('--until is before --since');
    const changes = openJournal(stateDirectory())
      .read()
      .changes.filter(({ time }) => time >= begin && time <= end);
    const { bytes, moments } = incidentOf(recording, { from: begin, to: end, changes, isRedacted: redact });
    if (moments === 0)
      throw new UsageError(`--since: nothing was recorded from ${localTime(begin)} to ${localTime(end)}`);
    const path = out ?? `incident-${localTime(end).replace(' ', 'T').replaceAll(':', '')}.tscgrec`;
    const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
    writeSync(fd, bytes);
    closeSync(fd);
    printLine(`${path}: ${counted(moments, 'moment')}, ${bytesText(bytes.length)}; tstop --replay ${path} shows it`);
  } finally {
    for (const text of recording.damage()) warn(`tscg: ${text}`);
    recording.close();
  }
}
