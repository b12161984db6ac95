/** The host beside its cgroups: CPU, memory, pressure of the whole machine, and what this program itself costs. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatCpuList, parseCpuList } from '../kernel/cpuset.ts';
import { createKeptFiles } from '../kernel/kept-files.ts';
import { USER_HZ } from '../kernel/machine.ts';
import { parseMeminfo } from '../kernel/meminfo.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { type Pressure, parsePressure } from '../kernel/pressure.ts';
import { busyTicks, type CpuTicks, parseProcStat, totalTicks } from '../kernel/proc-stat.ts';
import { parseSingleValue, restOfLine } from '../kernel/single-value.ts';
import { UNAVAILABLE } from '../kernel/value.ts';
import { madeFrom } from './made-from.ts';
import { type OwnUsage, ownCpuUsec } from './own-usage.ts';
import { gridTime } from './time-grid.ts';

export const RESOURCES = ['cpu', 'memory', 'io'] as const;
export type Resource = (typeof RESOURCES)[number];

/** Raw figures of one instant. */
export interface HostSnapshot {
  /** CPUs online; where only a part of the hierarchy is mounted, as in a container, those that its cpuset lets be used. */
  readonly cpus: number;
  /** Which ones they are, as `0-3`; '' where /proc/stat lists none. */
  readonly cpuSet: string;
  /** Clock ticks over all of them since boot. */
  readonly cpuBusyTicks: number;
  readonly cpuTotalTicks: number;
  /** Bytes. */
  readonly memoryTotal: number;
  readonly memoryAvailable: number;
  readonly swapTotal: number;
  readonly swapFree: number;
  /** Processes that the OOM killer ended since boot, in cgroups that are gone too: /proc/vmstat counts them. */
  readonly oomKills: number;
  /** Tasks that run or wait for a CPU, averaged over 1, 5 and 15 minutes. */
  readonly load: readonly [number, number, number];
  readonly pressure: Readonly<Record<Resource, Pressure>>;
  /** CLOCK_MONOTONIC milliseconds of these reads. */
  readonly time: number;
  readonly own: OwnUsage;
}

/** Rates between two host snapshots; NaN without one before. */
export interface HostUsage {
  /** 0 to 100: of all CPUs. */
  readonly cpuPercent: number;
  readonly pressurePercent: Readonly<Record<Resource, { readonly some: number; readonly full: number }>>;
  /** 100 is one CPU. */
  readonly ownCpuPercent: number;
}

export interface HostReader {
  /** Has read all when it returns. */
  read(): Promise<HostSnapshot>;
}

export interface MachineReader extends HostReader {
  /**
   * Microseconds since boot, over all CPUs as of the last read, of interrupts and of what the host of a virtual machine gave to
   * others: they are charged to no cgroup, even while a task of it is on the CPU. NaN where only a part of the hierarchy is mounted,
   * as in a container: lxcfs may tell other figures there than those of the machine.
   */
  uncharged(): number;
  close(): void;
}

export interface HostReaderOptions {
  readonly proc: string;
  readonly mount: string;
  /** Bytes. */
  readonly pageSize: number;
}

export function createHostReader({ proc, mount, pageSize }: HostReaderOptions): MachineReader {
  const files = createKeptFiles();
  const text = (name: string): string => files.read(`${proc}/${name}`);
  // The root of the hierarchy alone has no cgroup.events; its cpuset leaves out what a partition has, which is busy too.
  const isRoot = !existsSync(join(mount, 'cgroup.events'));
  const cpuset = join(mount, 'cpuset.cpus.effective');
  // Most of the time nobody waits, and the text is that of the tick before.
  const pressureOf = { cpu: madeFrom<Pressure>(), memory: madeFrom<Pressure>(), io: madeFrom<Pressure>() };
  const pressure = (resource: Resource): Pressure => {
    const now = text(`pressure/${resource}`);
    return pressureOf[resource]([now], () => parsePressure(now));
  };
  let uncharged = Number.NaN;
  return {
    read: async () => {
      const stat = parseProcStat(text('stat'));
      if (isRoot) uncharged = (stat.cpu.irq + stat.cpu.softirq + stat.cpu.steal) * (1e6 / USER_HZ);
      const ids = isRoot ? [] : parseCpuList(files.read(cpuset));
      const mine = ids.filter((id) => stat.cpus.has(id));
      const counted = mine.length > 0 ? mine.flatMap((id) => stat.cpus.get(id) ?? []) : [stat.cpu];
      const over = (ticks: (cpu: CpuTicks) => number): number => counted.reduce((sum, cpu) => sum + ticks(cpu), 0);
      const meminfo = text('meminfo');
      const [one = UNAVAILABLE, five = UNAVAILABLE, fifteen = UNAVAILABLE] = text('loadavg')
        .split(' ')
        .slice(0, 3)
        .map((word) => parseSingleValue(word));
      return {
        cpus: mine.length || stat.cpus.size,
        cpuSet: formatCpuList(mine.length > 0 ? mine : [...stat.cpus.keys()]),
        cpuBusyTicks: over(busyTicks),
        cpuTotalTicks: over(totalTicks),
        memoryTotal: parseMeminfo(meminfo, 'MemTotal'),
        memoryAvailable: parseMeminfo(meminfo, 'MemAvailable'),
        swapTotal: parseMeminfo(meminfo, 'SwapTotal'),
        swapFree: parseMeminfo(meminfo, 'SwapFree'),
        oomKills: parseSingleValue(restOfLine(text('vmstat'), 'oom_kill ')),
        load: [one, five, fifteen],
        pressure: { cpu: pressure('cpu'), memory: pressure('memory'), io: pressure('io') },
        time: gridTime(monotonicMs()),
        own: { cpuUsec: ownCpuUsec(), rss: parseSingleValue(text('self/statm').split(' ')[1]) * pageSize },
      };
    },
    uncharged: () => uncharged,
    close: files.close,
  };
}

export function hostUsage(before: HostSnapshot | undefined, now: HostSnapshot): HostUsage {
  const elapsedUsec = before && now.time > before.time ? (now.time - before.time) * 1000 : Number.NaN;
  const share = (resource: Resource, kind: 'some' | 'full'): number => {
    const change =
      (now.pressure[resource][kind]?.total ?? Number.NaN) - (before?.pressure[resource][kind]?.total ?? Number.NaN);
    return change >= 0 ? Math.min(100, (change / elapsedUsec) * 100) : Number.NaN;
  };
  const shares = (resource: Resource) => ({ some: share(resource, 'some'), full: share(resource, 'full') });
  // Other CPUs than before have other ticks: an interval in which one came or went has no share.
  const ticks = before?.cpuSet === now.cpuSet ? now.cpuTotalTicks - before.cpuTotalTicks : 0;
  return {
    cpuPercent:
      before && ticks > 0
        ? Math.max(0, Math.min(100, ((now.cpuBusyTicks - before.cpuBusyTicks) / ticks) * 100))
        : Number.NaN,
    pressurePercent: { cpu: shares('cpu'), memory: shares('memory'), io: shares('io') },
    ownCpuPercent: before ? ((now.own.cpuUsec - before.own.cpuUsec) / elapsedUsec) * 100 : Number.NaN,
  };
}
