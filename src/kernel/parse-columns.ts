/** The text of an interface file as the numbers of its FileSpec: the addon's parser (addon/src/parser.cc) in TypeScript. */

import type { FileSpec } from './collector.ts';
import { NO_LIMIT, UNAVAILABLE } from './value.ts';

const BLANKS = /[ \t]+/;
const NUMBER = /^-?\d+(?:\.\d+)?$/;

/**
 * One number a key, in the order of `spec.keys`; UNAVAILABLE where the text does not have it. Keys may stand in any
 * order, unknown ones are passed over, and of a key that stands twice the first number counts.
 */
export function parseColumns(spec: FileSpec, text: string, skipDevices: readonly string[] = []): number[] {
  switch (spec.format) {
    case 'single':
    case 'words':
      return byPosition(spec.keys, text);
    case 'flat':
      return byKey(spec.keys, flatPairs(text));
    case 'pressure':
      return byKey(spec.keys, pressurePairs(text));
    case 'devices':
      return sumOverDevices(spec.keys, text, skipDevices);
  }
}

function numberOf(token: string | undefined): number {
  if (token === 'max') return NO_LIMIT;
  return token !== undefined && NUMBER.test(token) ? Number(token) : UNAVAILABLE;
}

const tokensOf = (line: string): string[] => line.split(BLANKS).filter((token) => token !== '');

function byPosition(keys: readonly string[], text: string): number[] {
  const [line = ''] = text.split('\n', 1);
  const tokens = tokensOf(line);
  return keys.map((_, position) => numberOf(tokens[position]));
}

function byKey(keys: readonly string[], pairs: Iterable<readonly [string, string | undefined]>): number[] {
  const numbers = keys.map(() => UNAVAILABLE);
  for (const [key, token] of pairs) {
    const index = keys.indexOf(key);
    if (index >= 0 && Number.isNaN(numbers[index])) numbers[index] = numberOf(token);
  }
  return numbers;
}

function* flatPairs(text: string): Iterable<readonly [string, string | undefined]> {
  for (const line of text.split('\n')) {
    const [key, token] = tokensOf(line);
    if (key !== undefined) yield [key, token];
  }
}

function* pressurePairs(text: string): Iterable<readonly [string, string]> {
  for (const line of text.split('\n')) {
    const [kind, ...tokens] = tokensOf(line);
    for (const token of tokens) {
      const [key, value] = cut(token);
      if (value !== undefined) yield [`${kind}.${key}`, value];
    }
  }
}

/** `key=value` at its first `=`. */
function cut(token: string): readonly [string, string | undefined] {
  const at = token.indexOf('=');
  return at < 0 ? [token, undefined] : [token.slice(0, at), token.slice(at + 1)];
}

/** The kernel leaves out what is zero (`7:0 ` alone, or `254:0  cost.usage=5`): a key that stands nowhere is 0. */
function sumOverDevices(keys: readonly string[], text: string, skipDevices: readonly string[]): number[] {
  const sums = keys.map(() => 0);
  for (const line of text.split('\n')) {
    const [device = '', ...tokens] = tokensOf(line);
    if (skipDevices.includes(device)) continue;
    for (const token of tokens) {
      const [key, value] = cut(token);
      const index = value === undefined ? -1 : keys.indexOf(key);
      if (index >= 0) sums[index] = (sums[index] ?? 0) + numberOf(value);
    }
  }
  return sums;
}
