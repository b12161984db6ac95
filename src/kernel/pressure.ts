/**
 * PSI: cpu.pressure, memory.pressure, io.pressure, irq.pressure of a cgroup, and /proc/pressure/*.
 *
 *     some avg10=0.05 avg60=0.13 avg300=0.04 total=287782
 *     full avg10=0.00 avg60=0.00 avg300=0.00 total=138114
 *
 * irq has only `full`; cpu has no `full` before 5.13. Where PSI is off there is no such file, or the read itself fails
 * (EOPNOTSUPP).
 */

import { formatSingleValue, parseSingleValue } from './single-value.ts';

export interface Stall {
  /** Percent of wall time, averaged by the kernel over 10, 60 and 300 s. */
  readonly avg10: number;
  readonly avg60: number;
  readonly avg300: number;
  /** Microseconds since boot: its growth over an interval is the exact share. */
  readonly total: number;
}

export interface Pressure {
  /** At least one task waited. */
  readonly some?: Stall;
  /** All tasks that were not idle waited. */
  readonly full?: Stall;
}

/** A line that is missing is absent; a key that is missing is NaN. */
export function parsePressure(text: string): Pressure {
  const lines = text.split('\n');
  const some = stall(lines.find((line) => line.startsWith('some ')));
  const full = stall(lines.find((line) => line.startsWith('full ')));
  return { ...(some && { some }), ...(full && { full }) };
}

function stall(line: string | undefined): Stall | undefined {
  if (line === undefined) return undefined;
  const words = line.split(' ');
  const figure = (key: keyof Stall): number =>
    parseSingleValue(words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1));
  return { avg10: figure('avg10'), avg60: figure('avg60'), avg300: figure('avg300'), total: figure('total') };
}

/** Why a cgroup has no pressure file, or one that cannot be read, and what helps. */
export const PSI_IS_OFF =
  'PSI is off, for this cgroup (write 1 to its cgroup.pressure) or for the machine (boot with psi=1)';

/**
 * What to write to a pressure file to be woken through poll: `some 150000 1000000`, microseconds of stall within a window.
 * The window is at most 10 s, the stall above 0 and at most the window; without CAP_SYS_RESOURCE a multiple of 2 s.
 */
export function formatPressureTrigger(kind: 'some' | 'full', stallUsec: number, windowUsec: number): string {
  return `${kind} ${formatSingleValue(stallUsec)} ${formatSingleValue(windowUsec)}`;
}
