/**
 * Shares under contention.
 *
 *     cpu.weight       100             1..10000 (0 or 1 while cpu.idle is 1)
 *     cpu.weight.nice  0               -20..19, a coarser view of the same value
 *     io.weight        default 100     1..10000
 *                      8:0 200
 *     io.bfq.weight    default 100     1..1000; before 5.4 the number alone
 */

import { formatSingleValue, parseSingleValue } from './single-value.ts';
import { UNAVAILABLE } from './value.ts';

export interface IoWeight {
  /** For devices without a weight of their own. */
  readonly default: number;
  /** By `MAJ:MIN`. */
  readonly devices: ReadonlyMap<string, number>;
}

/** io.weight or io.bfq.weight. */
export function parseIoWeight(text: string): IoWeight {
  let fallback = UNAVAILABLE;
  const devices = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [key, value] = line.trim().split(/\s+/);
    if (key === undefined || key === '') continue;
    if (value === undefined) fallback = parseSingleValue(key);
    else if (key === 'default') fallback = parseSingleValue(value);
    else devices.set(key, parseSingleValue(value));
  }
  return { default: fallback, devices };
}

/** One line to write: `default 200`, `8:0 200`, or `8:0 default` to take the device's own weight away. */
export function formatIoWeightLine(device: string, weight: number | 'default'): string {
  return `${device} ${weight === 'default' ? weight : formatSingleValue(weight)}`;
}
