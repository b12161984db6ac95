/** What a command used, read from its cgroup before that is removed. */

import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import { createStackedDevices } from '../../kernel/io-devices.ts';
import { parseNestedKeyed } from '../../kernel/nested-keyed.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { USEC_PER_SECOND } from '../../kernel/time-units.ts';
import { bytesText } from '../../text/bytes.ts';

/** A figure is NaN where this kernel, or this cgroup, does not tell it. */
export interface Summary {
  readonly wall_seconds: number;
  readonly cpu_seconds: number;
  readonly cpu_user_seconds: number;
  readonly cpu_system_seconds: number;
  readonly throttled_seconds: number;
  readonly throttled_periods: number;
  readonly memory_peak_bytes: number;
  readonly io_read_bytes: number;
  readonly io_write_bytes: number;
  readonly oom_kills: number;
}

export function readSummary(path: string, files: CgroupFiles, wallMs: number, sysRoot = '/sys'): Summary {
  const text = (file: string): string => textIfThere(files, path, file) ?? '';
  const cpu = parseFlatKeyed(text('cpu.stat'));
  const seconds = (key: string): number => (cpu.get(key) ?? Number.NaN) / USEC_PER_SECOND;
  const io = textIfThere(files, path, 'io.stat');
  // A stacked device's operations are counted once more on the devices below it.
  const stacked = new Set(createStackedDevices(sysRoot)());
  const devices = [...parseNestedKeyed(io ?? '')].filter(([device]) => !stacked.has(device));
  const ioBytes = (key: string): number =>
    io === undefined ? Number.NaN : devices.reduce((sum, [, figures]) => sum + (figures.get(key) ?? 0), 0);
  return {
    wall_seconds: wallMs / 1000,
    cpu_seconds: seconds('usage_usec'),
    cpu_user_seconds: seconds('user_usec'),
    cpu_system_seconds: seconds('system_usec'),
    throttled_seconds: seconds('throttled_usec'),
    throttled_periods: cpu.get('nr_throttled') ?? Number.NaN,
    memory_peak_bytes: parseSingleValue(text('memory.peak')),
    io_read_bytes: ioBytes('rbytes'),
    io_write_bytes: ioBytes('wbytes'),
    oom_kills: parseFlatKeyed(text('memory.events')).get('oom_kill') ?? Number.NaN,
  };
}

export function summaryText(summary: Summary): string {
  const time = (value: number): string => (Number.isNaN(value) ? '--' : `${value.toFixed(2)} s`);
  const parts = [
    `CPU ${time(summary.cpu_seconds)} (user ${time(summary.cpu_user_seconds)}, system ${time(summary.cpu_system_seconds)}) in ${time(summary.wall_seconds)}`,
    `peak memory ${bytesText(summary.memory_peak_bytes)}`,
    `io read ${bytesText(summary.io_read_bytes)}, written ${bytesText(summary.io_write_bytes)}`,
    `throttled ${time(summary.throttled_seconds)}`,
  ];
  if (summary.oom_kills > 0) parts.push(`OOM kills ${summary.oom_kills}`);
  return parts.join(', ');
}
