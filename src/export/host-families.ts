/** What is exported of the machine beside its cgroups, and of the pass that read them. */

import { USEC_PER_SECOND } from '../kernel/time-units.ts';
import { RESOURCES } from '../metrics/host.ts';
import type { Frame } from '../metrics/source.ts';
import type { Family } from './families.ts';

interface HostFamily extends Pick<Family, 'name' | 'type' | 'help' | 'unit'> {
  /** NaN where it is unavailable. */
  readonly figure: (frame: Frame) => number;
}

const pressure: readonly HostFamily[] = RESOURCES.flatMap((resource) =>
  (['some', 'full'] as const).map(
    (kind): HostFamily => ({
      name: `tscg_host_pressure_${resource}_${kind === 'some' ? 'waiting' : 'stalled'}_seconds`,
      type: 'counter',
      unit: 'seconds',
      help: `Time in which ${kind === 'some' ? 'at least one task' : 'every task'} of the machine waited for ${resource}. /proc/pressure/${resource} ${kind} total`,
      figure: ({ usage }) => (usage.snapshot.host.pressure[resource][kind]?.total ?? Number.NaN) / USEC_PER_SECOND,
    }),
  ),
);

/** The first three names are cadvisor's. */
export const HOST_FAMILIES: readonly HostFamily[] = [
  {
    name: 'machine_cpu_cores',
    type: 'gauge',
    help: 'CPUs that are online. /proc/stat',
    figure: ({ usage }) => usage.snapshot.host.cpus,
  },
  {
    name: 'machine_memory_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory of the machine. /proc/meminfo MemTotal',
    figure: ({ usage }) => usage.snapshot.host.memoryTotal,
  },
  {
    name: 'machine_swap_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Swap of the machine. /proc/meminfo SwapTotal',
    figure: ({ usage }) => usage.snapshot.host.swapTotal,
  },
  {
    name: 'tscg_host_memory_available_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory that can be had without swap. /proc/meminfo MemAvailable',
    figure: ({ usage }) => usage.snapshot.host.memoryAvailable,
  },
  {
    name: 'tscg_host_cpu_ratio',
    type: 'gauge',
    unit: 'ratio',
    help: 'Share of all CPUs that was busy since the scrape before. /proc/stat',
    figure: ({ host }) => host.cpuPercent / 100,
  },
  {
    name: 'tscg_host_oom_kills',
    type: 'counter',
    help: 'Processes that the OOM killer ended since boot. /proc/vmstat oom_kill',
    figure: ({ usage }) => usage.snapshot.host.oomKills,
  },
  ...pressure,
  {
    name: 'tscg_pass_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'What it took to read all cgroups for this scrape.',
    figure: ({ cost }) => cost.milliseconds / 1000,
  },
  {
    name: 'tscg_workloads',
    type: 'gauge',
    help: 'Cgroups that were read for this scrape.',
    figure: ({ workloads }) => workloads.length,
  },
];
