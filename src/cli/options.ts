/** Values of options that are numbers. Each throws UsageError with what it takes. */
import { UsageError } from './errors.ts';

/** `0.5`, `2`: seconds, at least 0.1. */
export function secondsOption(flag: string, text: string): number {
  const seconds = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= 0.1 && seconds <= 3600))
    throw new UsageError(`${flag}: "${text}" is not a number of seconds from 0.1 to 3600`);
  return seconds;
}

export function wholeOption(flag: string, text: string, least: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= Number.MAX_SAFE_INTEGER))
    throw new UsageError(`${flag}: "${text}" is not a whole number from ${least} up`);
  return value;
}
