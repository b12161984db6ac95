/**
 * /proc/meminfo.
 *
 *     MemTotal:        4026376 kB
 *     MemAvailable:    3541924 kB
 *     HugePages_Total:       0
 */

import { parseSingleValue } from './single-value.ts';

const KB = ' kB';

/** Every key: bytes where the kernel says kB, else its plain number (HugePages_*). */
export function parseMeminfo(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const end = line.indexOf(':');
    if (end < 0) continue;
    const value = line.slice(end + 1);
    const isKb = value.endsWith(KB);
    values.set(
      line.slice(0, end),
      isKb ? parseSingleValue(value.slice(0, -KB.length)) * 1024 : parseSingleValue(value),
    );
  }
  return values;
}
