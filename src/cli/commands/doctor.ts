/** tscg doctor: one line a check: ok, or what is lost and what to do. */

import { styleText } from 'node:util';
import type { DoctorCheck } from '../../recording/format/moment.ts';
import { clean } from '../../text/clean.ts';
import { localTime } from '../../text/local-time.ts';
import type { GlobalOptions } from '../context.ts';
import { doctorChecks } from '../doctor-checks.ts';
import { UsageError } from '../errors.ts';
import { printJson, printLine, warn } from '../output.ts';

export interface DoctorFlags {
  json?: boolean;
  from?: string;
}

export async function doctor({ json, from }: DoctorFlags, global: GlobalOptions): Promise<void> {
  const checks = from === undefined ? await doctorChecks(global) : await checksIn(from);
  if (json) printJson(checks);
  else for (const check of checks) printLine(line(check));
  if (checks.some(({ state }) => state === 'error')) process.exitCode = 1;
}

/** The checks that `tscg incident` put into the file. */
async function checksIn(from: string): Promise<readonly DoctorCheck[]> {
  const { openRecording } = await import('../../recording/recording.ts');
  const recording = openRecording(from);
  try {
    const { doctor, host } = recording.header();
    if (!doctor)
      throw new UsageError(
        `--from: ${clean(from)} has no report of a machine; tscg incident adds it to what was recorded there`,
      );
    warn(`tscg: found at ${localTime(doctor.time)} on ${host.name || 'an unnamed host'}`);
    return doctor.checks;
  } finally {
    recording.close();
  }
}

const COLOUR = { ok: 'green', note: 'cyan', warning: 'yellow', error: 'red' } as const;

function line({ about, state, finding, remedy }: DoctorCheck): string {
  const label = state.padEnd(7);
  const shown = process.stdout.isTTY && !process.env.NO_COLOR ? styleText(COLOUR[state], label) : label;
  return `${shown}  ${about.padEnd(12)}  ${clean(finding)}${remedy ? `\n${' '.repeat(23)}→ ${clean(remedy)}` : ''}`;
}
