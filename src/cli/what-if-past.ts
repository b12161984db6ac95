/** What a workload used up to a recorded moment, for tscg whatif --at. */

import type { CpuSample, MemorySample } from '../diagnosis/what-if.ts';
import { reclaimableWithSwap } from '../kernel/reclaimable.ts';
import { column, FILE_OF_COLUMN } from '../metrics/files.ts';
import { timeAt, valueAt } from '../metrics/snapshot.ts';
import { framesBetween, type RecordedFrame, type Recording } from '../recording/recording.ts';
import type { WatchedUse } from './what-if-text.ts';

/** memory.stat is read for the busiest workloads only at each moment: an older one says nothing of this one. */
const STALE_MS = 1000;

/** `ms`: of the time up to the Frame. `inode`: the workload; another one at the same path before it is left out. */
export function recordedUse(recording: Recording, frame: RecordedFrame, inode: number, ms: number): WatchedUse {
  const cpu: CpuSample[] = [];
  const memory: MemorySample[] = [];
  const throttled: number[] = [];
  const { wall } = frame.usage.snapshot;
  for (const { usage, header } of framesBetween(recording, wall - ms, wall)) {
    const { snapshot } = usage;
    const row = snapshot.rows.findIndex((one) => one.inode === inode);
    if (row < 0 || header.host.boot !== frame.header.host.boot) continue;
    const now = (ref: string): number => valueAt(snapshot, column(ref), row);
    const readAt = (ref: string): number => timeAt(snapshot, FILE_OF_COLUMN[column(ref)] ?? 0, row);
    cpu.push({ time: readAt('cpu.stat:usage_usec') / 1000, usage: now('cpu.stat:usage_usec') });
    throttled.push(now('cpu.stat:nr_throttled'));
    const [bytes, time] = [now('memory.current:value'), readAt('memory.current:value')];
    const isStale = !(time - readAt('memory.stat:anon') < STALE_MS);
    const reclaimable = reclaimableWithSwap((key) => now(`memory.stat:${key}`), {
      free: snapshot.host.swapFree,
      max: now('memory.swap.max:value'),
      current: now('memory.swap.current:value'),
    });
    memory.push({ time: time / 1000, bytes, kept: isStale ? Number.NaN : Math.max(0, bytes - reclaimable) });
  }
  return { cpu, memory, throttled: (throttled.at(-1) ?? Number.NaN) - (throttled[0] ?? Number.NaN) };
}
