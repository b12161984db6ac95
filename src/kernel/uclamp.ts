/**
 * cpu.uclamp.min and cpu.uclamp.max: the utilization that the scheduler assumes, in percent of the biggest CPU.
 *
 *     50.00
 *     max
 */
import { parseSingleValue } from './single-value.ts';
import { NO_LIMIT } from './value.ts';

/** Percent, Infinity for `max` (100 %). */
export const parseUclamp = (text: string): number => parseSingleValue(text);

/** The kernel takes two decimals at most. */
export function formatUclamp(percent: number): string {
  if (percent === NO_LIMIT) return 'max';
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`${percent} is not a percentage`);
  return percent.toFixed(2);
}
