/** tscg incident: one file of what was recorded around a moment and of the machine, for tstop --replay anywhere. */

import { rmSync, writeFileSync } from 'node:fs';
import { codeOf } from '../../kernel/error-code.ts';
import { machineName } from '../../kernel/machine-name.ts';
import { openJournal, stateDirectory } from '../../limits/applying/journal.ts';
import { type IncidentOptions, incidentOf } from '../../recording/incident.ts';
import { bytesText } from '../../text/bytes.ts';
import { clean } from '../../text/clean.ts';
import { counted } from '../../text/counted.ts';
import { errorText } from '../../text/error-text.ts';
import { localTime } from '../../text/local-time.ts';
import type { GlobalOptions } from '../context.ts';
import { doctorChecks } from '../doctor-checks.ts';
import { UsageError } from '../errors.ts';
import { printLine, warn } from '../output.ts';
import { nothingBetween, openRecordingFor, stretchIn } from '../past.ts';

export interface IncidentFlags {
  since: string;
  until?: string;
  from?: string;
  out?: string;
  redact?: boolean;
}

export async function incident(
  { since, until, from, out, redact = false }: IncidentFlags,
  global: GlobalOptions,
): Promise<void> {
  if (out === '') throw new UsageError('--out: the name is empty; without --out it has the time of its end');
  const times = { since, until };
  const recording = openRecordingFor(times, from);
  try {
    const time = stretchIn(recording, times);
    const { host } = recording.header(recording.placeAt(time.to));
    const own = host.name === machineName() ? await ofThisMachine(time, global) : { changes: [] };
    const { bytes, moments } = incidentOf(recording, { ...time, ...own, isRedacted: redact });
    if (moments === 0) throw nothingBetween(recording, time.from, time.to);
    const path = out ?? `incident-${localTime(time.to).replace(' ', 'T').replaceAll(':', '')}.tscgrec`;
    writeWhole(path, bytes);
    printLine(`${path}: ${counted(moments, 'moment')}, ${bytesText(bytes.length)}; tstop --replay ${path} shows it`);
  } finally {
    for (const text of recording.damage()) warn(`tscg: ${text}`);
    recording.close();
  }
}

/** The journal of that time, and what the doctor finds. */
async function ofThisMachine(
  { from, to }: Pick<IncidentOptions, 'from' | 'to'>,
  global: GlobalOptions,
): Promise<Pick<IncidentOptions, 'changes' | 'doctor'>> {
  const { changes } = openJournal(stateDirectory()).read();
  return {
    changes: changes.filter(({ time }) => time >= from && time <= to),
    doctor: await doctorChecks(global),
  };
}

function removeHalf(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Nothing was made where nothing may be made.
  }
}

/** A new file with all of it, for its owner alone; none where the disk is full. */
function writeWhole(path: string, bytes: Buffer): void {
  try {
    writeFileSync(path, bytes, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (codeOf(error) === 'EEXIST')
      throw new UsageError(`${clean(path)} is there already: give another one with --out`);
    removeHalf(path);
    throw new Error(`${clean(path)} cannot be written: ${errorText(error)}; give another one with --out`);
  }
}
