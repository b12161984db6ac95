/**
 * Lines of `key value`: cpu.stat, memory.stat, *.events, cgroup.stat; misc.* and dmem.*, whose keys are resources.
 *
 *     usage_usec 36538181        sev_es max
 *     core_sched.force_idle_usec 0
 *     nr_periods 0               drm/0000:03:00.0/vram0 1073741824
 */

import { parseSingleValue } from './single-value.ts';

/** Every key the kernel printed, in its order; keys and their order differ between kernels. A line without a value is skipped. */
export function parseFlatKeyed(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const blank = line.search(/\s/);
    if (blank > 0) values.set(line.slice(0, blank), parseSingleValue(line.slice(blank)));
  }
  return values;
}
