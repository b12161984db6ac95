/** What the machine has, read once at the start. The roots of procfs and sysfs are parameters, for tests and captures. */

import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { parseCpuList } from './cpuset.ts';
import { readText } from './if-there.ts';
import { parseMeminfo } from './meminfo.ts';
import { parseProcStat } from './proc-stat.ts';

/** Clock ticks a second of /proc/stat and /proc/PID/stat: part of the kernel's ABI, on every machine that Node runs on. */
export const USER_HZ = 100;

export interface Machine {
  /** Bytes: MemTotal of /proc/meminfo. */
  readonly memoryTotal: number;
  /** Bytes: SwapFree, when it was read. */
  readonly swapFree?: number;
  /** CPUs that are online. */
  readonly cpus: number;
  /** Some of them have no clock ticks while they work (nohz_full=): what runs there is charged up to a second late. */
  readonly isTickless?: boolean;
  /** Bytes. */
  readonly pageSize: number;
  /** Random at each boot: start times and inodes compare only within one. The second of the boot where it may not be read. */
  readonly bootId: string;
}

export function readMachine(proc = '/proc', sys = '/sys'): Machine {
  const meminfo = readText(join(proc, 'meminfo'));
  const stat = parseProcStat(readText(join(proc, 'stat')));
  return {
    memoryTotal: parseMeminfo(meminfo, 'MemTotal'),
    swapFree: parseMeminfo(meminfo, 'SwapFree'),
    /** A container may see no sysfs. */
    cpus: parseCpuList(readText(join(sys, 'devices/system/cpu/online'))).length || stat.cpus.size,
    isTickless: /^\d/.test(readText(join(sys, 'devices/system/cpu/nohz_full'))),
    pageSize: readPageSize(join(proc, 'self/smaps')),
    bootId: readText(join(proc, 'sys/kernel/random/boot_id')).trim() || `btime ${stat.btime}`,
  };
}

/** `KernelPageSize:        4 kB` of the first mapping; Node has no getpagesize. The whole file would be slow. */
function readPageSize(path: string): number {
  const kilobytes = /^KernelPageSize:\s*(\d+) kB$/m.exec(readStart(path, 4096))?.[1];
  return kilobytes === undefined ? 4096 : Number(kilobytes) * 1024;
}

/** The first bytes; empty where it cannot be read. */
function readStart(path: string, length: number): string {
  try {
    const descriptor = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(length);
      return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, length, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return '';
  }
}
