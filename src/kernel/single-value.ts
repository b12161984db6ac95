/**
 * Files of one value on one line, and the tokens that the keyed formats are made of.
 *
 *     memory.current   1073741824
 *     memory.max       max
 *     cpu.weight.nice  -3
 */

import { NO_LIMIT, UNAVAILABLE } from './value.ts';

const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;

/** One number or `max`. Anything else, nothing included, is unavailable. */
export function parseSingleValue(text: string | undefined): number {
  const token = text?.trim() ?? '';
  if (token === 'max') return NO_LIMIT;
  return NUMBER.test(token) ? Number(token) : UNAVAILABLE;
}

/** The rest of the line that begins with the label, which is found without taking the others apart; undefined without one. */
export function restOfLine(text: string, label: string): string | undefined {
  const start = text.startsWith(label) ? 0 : text.indexOf(`\n${label}`) + 1;
  if (!text.startsWith(label, start)) return undefined;
  const end = text.indexOf('\n', start);
  return text.slice(start + label.length, end < 0 ? undefined : end);
}

/**
 * A whole number as the kernel reads it: never `1e+21`, `max` for no limit.
 * Throws RangeError for a fraction or an unavailable value: the kernel would wrap it or take part of it.
 */
export function formatSingleValue(value: number): string {
  if (value === NO_LIMIT) return 'max';
  if (!Number.isInteger(value)) throw new RangeError(`${value} is not a whole number`);
  return BigInt(value).toString();
}
