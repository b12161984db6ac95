/**
 * cpu.uclamp.min and cpu.uclamp.max: the utilization that the scheduler assumes, in percent of the biggest CPU.
 *
 *     50.00
 *     max
 */

import { NO_LIMIT } from './value.ts';

/** `max` is 100 %. The kernel takes two decimals at most; single-value.ts reads them. */
export function formatUclamp(percent: number): string {
  if (percent === NO_LIMIT) return 'max';
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`${percent} is not a percentage`);
  return percent.toFixed(2);
}
