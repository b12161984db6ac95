/**
 * Parses the values that users type for a limit. The parsers are strict, for the kernel itself accepts sizes that wrap and octal
 * numbers. Every parser throws BadValueError, which says what it takes.
 */

import { NO_LIMIT, NO_LIMIT_FROM } from '../../kernel/value.ts';

/** The user's value cannot be used. The message is one line: what was given, why it is wrong, and what to give instead. */
export class BadValueError extends Error {
  override readonly name = 'BadValueError';
}

/** Spellings of "no limit" in docker (`-1`), systemd (`infinity`) and the kernel (`max`). */
const NONE = new Set(['max', 'infinity', 'unlimited', '-1']);

export const isNone = (text: string): boolean => NONE.has(text.toLowerCase());

const DECIMAL = /^(?:\d+(?:\.\d*)?|\.\d+)$/;

const SIZE = /^(\d+(?:\.\d*)?|\.\d+)\s*([kmgtpe]?)(i?b)?$/i;
const SIZE_POWERS = 'kmgtpe';

/**
 * `512M`, `1.5g`, `64MiB`, `64MB`, `1073741824`, `25%` (of `total`), `max`: bytes. Suffixes are powers of 1024, as in
 * the kernel, docker and systemd; `B`, `iB` and letter case make no difference.
 */
export function parseSize(text: string, total?: number): number {
  if (isNone(text)) return NO_LIMIT;
  if (text.endsWith('%') && total !== undefined) return Math.floor((parsePercent(text, 100) / 100) * total);
  const match = SIZE.exec(text.trim());
  if (!match) throw new BadValueError(`"${text}" is not a size; give one as 512M, 1.5G, 1073741824 or max`);
  const power = match[2] ? SIZE_POWERS.indexOf(match[2].toLowerCase()) + 1 : 0;
  const bytes = Number(match[1]) * 1024 ** power;
  if (bytes >= NO_LIMIT_FROM)
    throw new BadValueError(`"${text}" is more than the kernel can count; give max for no limit`);
  return Math.floor(bytes);
}

/** `50%`: the number before the sign. */
export function parsePercent(text: string, most = Number.POSITIVE_INFINITY): number {
  const digits = text.slice(0, -1);
  if (!text.endsWith('%') || !DECIMAL.test(digits))
    throw new BadValueError(`"${text}" is not a percentage; give one as 50%`);
  const percent = Number(digits);
  if (percent > most) throw new BadValueError(`"${text}" is more than ${most}%`);
  return percent;
}

/** `1.5`: a number of CPUs. */
export function parseCpus(text: string): number {
  if (isNone(text)) return NO_LIMIT;
  if (!DECIMAL.test(text)) throw new BadValueError(`"${text}" is not a number of CPUs; give one as 0.5, 2 or max`);
  return Number(text);
}

const DURATION = /^(\d+(?:\.\d*)?|\.\d+)\s*(us|\u00b5s|ms|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)?$/;
const DURATION_USEC: Readonly<Record<string, number>> = {
  us: 1,
  µs: 1,
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
  d: 86400e6,
};

/** `second` and the like are as their first letter; so is `min`. */
const shortUnit = (unit: string): string => unit.replace(/^([smhd])(?:ec|in|our|ay).*/, '$1');

/** `100ms`, `1s`, `10m`, `10 minutes`, `50000` (`plain` is its unit): microseconds. */
export function parseDuration(text: string, plain = 'us'): number {
  const match = DURATION.exec(text.trim());
  if (!match) throw new BadValueError(`"${text}" is not a time; give one as 100ms, 1s or 10m`);
  const usec = Math.round(Number(match[1]) * (DURATION_USEC[shortUnit(match[2] ?? plain)] ?? 1));
  if (usec > Number.MAX_SAFE_INTEGER) throw new BadValueError(`"${text}" is too long; give one as 100ms, 1s or 10m`);
  return usec;
}

/** A whole number in a range; `max` where `none` allows it. */
export function parseWhole(text: string, least: number, most: number, none = false): number {
  if (none && isNone(text)) return NO_LIMIT;
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new BadValueError(`"${text}" is not a whole number from ${least} to ${most}${none ? ', or max' : ''}`);
  }
  return value;
}
