/**
 * cpu.max: quota and period in microseconds.
 *
 *     max 100000
 *     50000 100000      half of one CPU
 */

import { formatSingleValue, parseSingleValue } from './single-value.ts';
import { isUnavailable } from './value.ts';

export interface CpuMax {
  /** Microseconds of CPU per period, all threads together; Infinity for `max`. */
  readonly quota: number;
  /** Microseconds, 1000 to 1000000. */
  readonly period: number;
}

export function parseCpuMax(text: string): CpuMax {
  const [quota, period] = text.trim().split(/\s+/);
  return { quota: parseSingleValue(quota), period: parseSingleValue(period) };
}

/** A period that is unavailable is left out: the kernel then keeps the one it has. */
export function formatCpuMax({ quota, period }: CpuMax): string {
  return isUnavailable(period) ? formatSingleValue(quota) : `${formatSingleValue(quota)} ${formatSingleValue(period)}`;
}
