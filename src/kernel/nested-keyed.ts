/**
 * Lines of `key sub=value sub=value`: io.stat, io.max, io.latency, rdma.*, memory.numa_stat, hugetlb.*.numa_stat.
 *
 *     253:0 rbytes=40137493143552 wbytes=11685175186432 rios=172066882 wios=73548256 dbytes=0 dios=0
 *     7:0                                             a device without figures: an empty map
 *     254:0  cost.usage=0                             two blanks
 *     8:16 rbps=2097152 wbps=max riops=max wiops=120
 *     anon N0=663552 N1=0
 *     total=0 N0=0                                    hugetlb.2MB.numa_stat has no key: ''
 */

import { formatSingleValue, parseSingleValue } from './single-value.ts';

/** Every key with its figures. A second line of one key adds to the first. Words (`ctrl=auto`) are NaN here: io-cost.ts. */
export function parseNestedKeyed(text: string): Map<string, Map<string, number>> {
  const lines = new Map<string, Map<string, number>>();
  for (const [key, entries] of nestedLines(text)) {
    const figures = lines.get(key) ?? new Map<string, number>();
    for (const [name, value] of entries) figures.set(name, parseSingleValue(value));
    lines.set(key, figures);
  }
  return lines;
}

/** The lines as text, for formats that hold words. */
export function nestedLines(text: string): [key: string, entries: [name: string, value: string][]][] {
  const lines: [string, [string, string][]][] = [];
  for (const line of text.split('\n')) {
    const words = line.split(/\s+/).filter((word) => word !== '');
    const [first] = words;
    if (first === undefined) continue;
    const key = first.includes('=') ? '' : first;
    const entries: [string, string][] = [];
    for (const word of key === '' ? words : words.slice(1)) {
      const equals = word.indexOf('=');
      if (equals > 0) entries.push([word.slice(0, equals), word.slice(equals + 1)]);
    }
    lines.push([key, entries]);
  }
  return lines;
}

/**
 * One line to write (`8:16 rbps=2097152 wiops=max`): one write(2) takes one line, and a key left out keeps its value.
 * `entries`: pairs in the order to print, as a Map or `Object.entries`.
 */
export function formatNestedLine(key: string, entries: Iterable<readonly [string, number]>): string {
  return [key, ...Array.from(entries, ([name, value]) => `${name}=${formatSingleValue(value)}`)].join(' ');
}
