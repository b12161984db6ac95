/** The machine as a whole over a look: its CPUs, its memory, its disks. None of it needs a cgroup hierarchy. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import { readText } from '../../kernel/if-there.ts';
import { parseMeminfo } from '../../kernel/meminfo.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { busyTicks, parseProcStat, totalTicks } from '../../kernel/proc-stat.ts';
import { createReadFiles } from '../../kernel/read-files.ts';
import { disksBetween, readDisks } from './disks.ts';
import type { CpuTime, MachineLook } from './model.ts';

export interface HostReading {
  readonly cpus: ReadonlyMap<number, CpuTime>;
  readonly vmstat: ReadonlyMap<string, number>;
  readonly memory: MachineLook['memory'];
}

export function readHost(proc: string): HostReading {
  const text = (file: string): string => readText(join(proc, file));
  const meminfo = text('meminfo');
  return {
    cpus: new Map(
      [...parseProcStat(text('stat')).cpus].map(([cpu, ticks]) => {
        const busy = busyTicks(ticks) - (ticks.steal || 0);
        return [cpu, { busy, steal: ticks.steal || 0, idle: totalTicks(ticks) - busy - (ticks.steal || 0) }];
      }),
    ),
    vmstat: parseFlatKeyed(text('vmstat')),
    memory: {
      total: parseMeminfo(meminfo, 'MemTotal'),
      available: parseMeminfo(meminfo, 'MemAvailable'),
    },
  };
}

export const cpusBetween = (
  before: ReadonlyMap<number, CpuTime>,
  after: ReadonlyMap<number, CpuTime>,
): Map<number, CpuTime> =>
  new Map(
    [...after].flatMap(([cpu, { busy, idle, steal }]) => {
      const old = before.get(cpu);
      return old ? [[cpu, { busy: busy - old.busy, idle: idle - old.idle, steal: steal - old.steal }] as const] : [];
    }),
  );

export interface MachineLookOptions {
  readonly seconds: number;
  readonly proc: string;
  readonly signal: AbortSignal;
}

/** Waits for the whole time; throws an AbortError where the signal aborts. */
export async function lookAtMachine({ seconds, proc, signal }: MachineLookOptions): Promise<MachineLook> {
  const places = { proc, mount: '', readFiles: createReadFiles() };
  const read = async () => ({ ...readHost(proc), disks: await readDisks(places, [], monotonicMs()) });
  const cost = process.cpuUsage();
  const before = await read();
  await sleep(seconds * 1000, undefined, { signal });
  const after = await read();
  const { user, system } = process.cpuUsage(cost);
  return {
    cpus: cpusBetween(before.cpus, after.cpus),
    disks: disksBetween(before.disks, after.disks),
    memory: after.memory,
    costPercent: (user + system) / 1e4 / seconds,
  };
}
