/**
 * /proc/meminfo.
 *
 *     MemTotal:        4026376 kB
 *     MemAvailable:    3541924 kB
 *     HugePages_Total:       0
 */

import { parseSingleValue, restOfLine } from './single-value.ts';

const KB = ' kB';

/** The figure of a key: bytes where the kernel says kB, else its plain number (HugePages_*); unavailable without its line. */
export function parseMeminfo(text: string, key: string): number {
  const value = restOfLine(text, `${key}:`);
  return value?.endsWith(KB) ? parseSingleValue(value.slice(0, -KB.length)) * 1024 : parseSingleValue(value);
}
