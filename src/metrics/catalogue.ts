/**
 * The metric catalogue: one row a metric. Table columns, sort keys, JSON and CSV fields, exporters, the explain key and
 * the documentation are read from it; adding a metric is adding a row.
 */

import { RECLAIMABLE_KEYS, reclaimableWithoutSwap } from '../kernel/reclaimable.ts';
import { column } from './files.ts';
import {
  effectiveLimit,
  fullness,
  gauge,
  headroom,
  type Metric,
  type OtelName,
  PERCENT,
  rate,
  share,
} from './metric.ts';
import type { Reading } from './reading.ts';

const MEMORY_CURRENT = column('memory.current:value');
const INACTIVE_FILE = column('memory.stat:inactive_file');
const RECLAIMABLE = {
  inactive_file: INACTIVE_FILE,
  active_file: column('memory.stat:active_file'),
  slab_reclaimable: column('memory.stat:slab_reclaimable'),
} satisfies Record<(typeof RECLAIMABLE_KEYS)[number], number>;
const NR_PERIODS = column('cpu.stat:nr_periods');
const NR_THROTTLED = column('cpu.stat:nr_throttled');

const pressureMetrics: readonly Metric[] = (['cpu', 'memory', 'io'] as const).flatMap((resource) =>
  (['some', 'full'] as const).flatMap((kind): Metric[] => {
    const source = `${resource}.pressure:${kind}.total`;
    const who = kind === 'some' ? 'at least one task' : 'every non-idle task';
    const stalled = share(source, {
      id: `psi_${resource}_${kind}_percent`,
      label: `${resource.toUpperCase().slice(0, 3)} ${kind === 'some' ? 'PSI' : 'FULL'}`,
      help: `Share of the interval in which ${who} waited for ${resource}.`,
    });
    return [
      {
        ...stalled,
        formula: `Δ ${source} / Δt, at most 100 %`,
        most: PERCENT,
        derive: (reading) => Math.min(PERCENT, stalled.derive(reading)),
      },
      ...['avg10', 'avg60', 'avg300'].map((window) =>
        gauge(`${resource}.pressure:${kind}.${window}`, 'percent', {
          id: `psi_${resource}_${kind}_${window}_percent`,
          label: `${resource.toUpperCase().slice(0, 3)}${kind === 'some' ? '' : 'F'} ${window.slice(3)}s`,
          help: `The kernel's running average over ${window.slice(3)} s of the time in which ${who} waited for ${resource}.`,
        }),
      ),
    ];
  }),
);

/** What each counter of net/dev is: it has one for either way. */
const NETWORK_RATES = [
  { key: 'bytes', unit: 'bytes_per_second', label: '', rx: 'Bytes received', tx: 'Bytes sent' },
  { key: 'packets', unit: 'ops_per_second', label: ' PK', rx: 'Packets received', tx: 'Packets sent' },
  { key: 'drop', unit: 'ops_per_second', label: ' DR', rx: 'Received packets dropped', tx: 'Packets dropped unsent' },
  { key: 'errors', unit: 'ops_per_second', label: ' ER', rx: 'Errors in receiving', tx: 'Errors in sending' },
] as const;

const networkIo = (direction: string): OtelName => ({
  name: 'container.network.io',
  unit: 'By',
  instrument: 'counter',
  attribute: ['network.io.direction', direction],
});

const NETNS = column('/proc/PID/net/dev:netns');

const networkMetrics: readonly Metric[] = NETWORK_RATES.flatMap(({ key, unit, label, ...help }) =>
  (['rx', 'tx'] as const).map((way): Metric => {
    const metric = rate(`/proc/PID/net/dev:${way}_${key}`, unit, 1, {
      id: `net_${way}_${key === 'drop' ? 'drops' : key}_per_second`,
      label: `${label === '' ? 'NET ' : ''}${way.toUpperCase()}${label}`,
      help: `${help[way]} per second in its own network namespace, without lo; unavailable where it shares the host's.`,
      ...(way === 'rx' && key === 'bytes' ? { aliases: ['net'] } : {}),
      ...(key === 'bytes' ? { otel: networkIo(way === 'rx' ? 'receive' : 'transmit') } : {}),
    });
    // Another namespace has other counters: the difference to those of the namespace before is no change.
    return { ...metric, derive: (reading) => (reading.change(NETNS) === 0 ? metric.derive(reading) : Number.NaN) };
  }),
);

/** `memory.current` without what the kernel drops first: what `docker stats`, the kubelet and cAdvisor show. */
const workingSet = (reading: Reading): number => Math.max(0, reading.now(MEMORY_CURRENT) - reading.now(INACTIVE_FILE));

export const METRICS: readonly Metric[] = [
  share('cpu.stat:usage_usec', {
    id: 'cpu_percent',
    hasSum: true,
    otel: { name: 'container.cpu.usage', unit: '{cpu}', instrument: 'gauge' },
    label: 'CPU %',
    help: 'CPU time used; 100 % is one CPU.',
    aliases: ['cpu', 'CPUPerc'],
  }),
  fullness('cpu', 'CPUs used / cpu.max', { id: 'cpu_of_limit_percent', label: 'CPU/LIM' }),
  effectiveLimit('cpu', 'cpus', {
    id: 'cpu_limit_cpus',
    label: 'CPU LIM',
    what: 'CPU limit in CPUs',
    figure: 'cpu.max quota / period',
  }),
  headroom('cpu', 'cpus', 'cpu.max - CPUs used', {
    id: 'cpu_headroom_cpus',
    label: 'CPU LEFT',
    help: 'CPUs that it may use beside those it uses before a CPU limit is reached, its own or one around it.',
  }),
  share('cpu.stat:user_usec', {
    id: 'cpu_user_percent',
    hasSum: true,
    otel: { name: 'container.cpu.time', unit: 's', instrument: 'counter', attribute: ['cpu.mode', 'user'] },
    label: 'USER %',
    help: 'CPU time in user mode; 100 % is one CPU.',
  }),
  share('cpu.stat:system_usec', {
    id: 'cpu_system_percent',
    hasSum: true,
    otel: { name: 'container.cpu.time', unit: 's', instrument: 'counter', attribute: ['cpu.mode', 'kernel'] },
    label: 'SYS %',
    help: 'CPU time in kernel mode; 100 % is one CPU.',
  }),
  {
    id: 'cpu_throttled_percent',
    label: 'THR %',
    unit: 'percent',
    help: 'Share of the quota periods in which cpu.max held it up; unavailable while no period ran.',
    sources: ['cpu.stat:nr_throttled', 'cpu.stat:nr_periods'],
    formula: 'Δ cpu.stat:nr_throttled / Δ cpu.stat:nr_periods',
    width: 7,
    aliases: ['throttled'],
    derive: (reading) => {
      const periods = reading.change(NR_PERIODS);
      return periods > 0 ? (reading.change(NR_THROTTLED) / periods) * PERCENT : Number.NaN;
    },
  },
  share('cpu.stat:throttled_usec', {
    id: 'cpu_throttled_time_percent',
    label: 'THR TIME',
    width: 9,
    help: 'Time spent throttled, summed over CPUs: it may exceed 100 %.',
  }),
  gauge('cpu.weight:value', 'count', {
    id: 'cpu_weight',
    hasSum: false,
    label: 'WEIGHT',
    help: 'Its share of a busy CPU against its siblings (cpu.weight): 1 to 10000, 100 by default.',
  }),
  ...pressureMetrics,
  {
    id: 'memory_bytes',
    otel: { name: 'container.memory.working_set', unit: 'By', instrument: 'updowncounter' },
    label: 'MEM',
    unit: 'bytes',
    help: 'Memory in use as docker stats and the kubelet count it: memory.current - inactive_file.',
    sources: ['memory.current:value', 'memory.stat:inactive_file'],
    formula: 'max(0, memory.current - memory.stat:inactive_file)',
    width: 8,
    aliases: ['mem', 'memory', 'MemUsage'],
    derive: workingSet,
  },
  effectiveLimit('memory', 'bytes', {
    id: 'memory_limit_bytes',
    label: 'MEM LIM',
    what: 'memory limit',
    figure: 'memory.max',
  }),
  fullness('memory', 'memory_bytes / memory.max', {
    id: 'memory_of_limit_percent',
    label: 'MEM %',
    width: 7,
    aliases: ['MemPerc'],
  }),
  headroom('memory', 'bytes', 'memory.max - memory_bytes', {
    id: 'memory_headroom_bytes',
    label: 'MEM LEFT',
    help: 'Memory that it may use beside what it uses before a memory limit is reached, its own or one around it.',
  }),
  gauge('memory.current:value', 'bytes', {
    id: 'memory_current_bytes',
    otel: { name: 'container.memory.usage', unit: 'By', instrument: 'updowncounter' },
    label: 'MEM CUR',
    help: 'All memory charged to the cgroup, page cache included.',
  }),
  gauge('memory.stat:anon', 'bytes', {
    id: 'memory_anon_bytes',
    otel: { name: 'container.memory.rss', unit: 'By', instrument: 'updowncounter' },
    label: 'ANON',
    help: 'Anonymous memory: heaps and stacks.',
  }),
  {
    id: 'memory_unreclaimable_bytes',
    label: 'MEM UNR',
    unit: 'bytes',
    help: 'Memory that reclaim cannot free without swap: all but page cache and reclaimable slab. tmpfs and locked pages count.',
    sources: ['memory.current:value', ...RECLAIMABLE_KEYS.map((key) => `memory.stat:${key}`)],
    formula: `max(0, memory.current - memory.stat:(${RECLAIMABLE_KEYS.join(' + ')}))`,
    width: 8,
    derive: (reading) => {
      const reclaimable = reclaimableWithoutSwap((key) => reading.now(RECLAIMABLE[key]));
      return Math.max(0, reading.now(MEMORY_CURRENT) - reclaimable);
    },
  },
  gauge('memory.stat:file', 'bytes', {
    id: 'memory_file_bytes',
    label: 'FILE',
    help: 'Page cache, with tmpfs and shared memory.',
  }),
  gauge('memory.stat:shmem', 'bytes', { id: 'memory_shmem_bytes', label: 'SHMEM', help: 'Shared memory and tmpfs.' }),
  gauge('memory.stat:kernel', 'bytes', {
    id: 'memory_kernel_bytes',
    label: 'KERNEL',
    help: 'Kernel memory: stacks, page tables, slab.',
  }),
  gauge('memory.swap.current:value', 'bytes', { id: 'memory_swap_bytes', label: 'SWAP', help: 'Swap in use.' }),
  effectiveLimit('swap', 'bytes', {
    id: 'memory_swap_limit_bytes',
    label: 'SWAP LIM',
    width: 9,
    what: 'swap limit',
    figure: 'memory.swap.max',
  }),
  headroom('swap', 'bytes', 'memory.swap.max - memory.swap.current', {
    id: 'memory_swap_headroom_bytes',
    label: 'SWAP LEFT',
    width: 10,
    help: 'Swap that it may use beside what it uses before a swap limit is reached, its own or one around it.',
  }),
  gauge('memory.peak:value', 'bytes', {
    id: 'memory_peak_bytes',
    hasSum: false,
    label: 'PEAK',
    help: 'Most memory that was charged to it at once since it was made.',
  }),
  gauge('memory.events:high', 'count', {
    id: 'memory_high_events',
    label: 'HIGH EV',
    help: 'Times it exceeded memory.high and was slowed while the kernel reclaimed.',
  }),
  gauge('memory.events:max', 'count', {
    id: 'memory_max_events',
    label: 'MAX EV',
    help: 'Times its memory was about to exceed memory.max, so that the kernel had to reclaim.',
  }),
  gauge('memory.events:oom_kill', 'count', {
    id: 'memory_oom_kills',
    label: 'OOM',
    width: 5,
    help: 'Processes that the OOM killer ended in it.',
    aliases: ['oom'],
  }),
  rate('io.stat:rbytes', 'bytes_per_second', 1, {
    id: 'io_read_bytes_per_second',
    otel: { name: 'container.disk.io', unit: 'By', instrument: 'counter', attribute: ['disk.io.direction', 'read'] },
    label: 'IO R/s',
    help: 'Bytes read from disks per second; a byte through stacked devices (dm, md, loop) counts once.',
    aliases: ['read'],
  }),
  rate('io.stat:wbytes', 'bytes_per_second', 1, {
    id: 'io_write_bytes_per_second',
    otel: { name: 'container.disk.io', unit: 'By', instrument: 'counter', attribute: ['disk.io.direction', 'write'] },
    label: 'IO W/s',
    help: 'Bytes written to disks per second; a byte through stacked devices (dm, md, loop) counts once.',
    aliases: ['write'],
  }),
  rate('io.stat:rios', 'ops_per_second', 1, {
    id: 'io_read_ops_per_second',
    label: 'R IOPS',
    help: 'Reads from disks per second.',
  }),
  rate('io.stat:wios', 'ops_per_second', 1, {
    id: 'io_write_ops_per_second',
    label: 'W IOPS',
    help: 'Writes to disks per second.',
  }),
  gauge('pids.current:value', 'count', { id: 'pids', label: 'PIDS', width: 6, help: 'Tasks (processes and threads).' }),
  effectiveLimit('pids', 'count', { id: 'pids_limit', label: 'PID LIM', what: 'task limit', figure: 'pids.max' }),
  headroom('pids', 'count', 'pids.max - pids.current', {
    id: 'pids_headroom',
    label: 'PID LEFT',
    width: 9,
    help: 'Tasks that it may start before a task limit is reached, its own or one around it.',
  }),
  ...networkMetrics,
  gauge('cgroup.stat:nr_dying_descendants', 'count', {
    id: 'dying_descendants',
    label: 'DYING',
    width: 7,
    help: 'Cgroups below it that were removed but that the kernel keeps while memory is charged to them; thousands of them slow every read.',
  }),
  gauge('cgroup.events:populated', 'flag', {
    id: 'populated',
    label: 'POP',
    width: 5,
    help: 'Whether it or a descendant has a live process.',
  }),
  gauge('cgroup.events:frozen', 'flag', {
    id: 'frozen',
    label: 'FROZEN',
    width: 6,
    help: 'Whether all its processes are frozen.',
  }),
];

const BY_NAME: ReadonlyMap<string, Metric> = new Map(
  METRICS.flatMap((metric) =>
    [metric.id, ...(metric.aliases ?? [])].map((name) => [name.toLowerCase(), metric] as const),
  ),
);

/** By id or alias, letter case aside. */
export const findMetric = (name: string): Metric | undefined => BY_NAME.get(name.toLowerCase());

/** By id; an id that is not in the catalogue is a programming error. */
export function metric(id: string): Metric {
  const found = BY_NAME.get(id);
  if (found === undefined) throw new Error(`no metric ${id} in the catalogue`);
  return found;
}
