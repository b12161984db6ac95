/**
 * /proc/meminfo.
 *
 *     MemTotal:        4026376 kB
 *     MemAvailable:    3541924 kB
 *     HugePages_Total:       0
 */

import { parseSingleValue } from './single-value.ts';

/** Every key: bytes where the kernel says kB, else its plain number (HugePages_*). */
export function parseMeminfo(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, key, value, unit] = /^([^:]+):\s*(\S+)(?:\s+(kB))?\s*$/.exec(line) ?? [];
    if (key !== undefined) values.set(key, parseSingleValue(value) * (unit === undefined ? 1 : 1024));
  }
  return values;
}
