/**
 * Every interface file of cgroup v2, one row a file: what it is made of and when to expect it. Names are the kernel's;
 * `<size>` stands for a page size (`hugetlb.2MB.max`). From the kernel's sources and Documentation/admin-guide/cgroup-v2.rst.
 */

/** How its text is made, and who parses it. */
export type InterfaceFormat =
  /** One number or `max`: single-value.ts */
  | 'single'
  /** One of a few words, taken as it is */
  | 'word'
  /** Percent with two decimals, or `max`: single-value.ts, written by uclamp.ts */
  | 'percent'
  /** Lines of `key value`: flat-keyed.ts */
  | 'flat'
  /** Lines of `key sub=value …`: nested-keyed.ts */
  | 'nested'
  /** `quota period`: cpu-max.ts */
  | 'cpu-max'
  /** PSI: pressure.ts */
  | 'pressure'
  /** CPUs or memory nodes as `0-3,8`: cpuset.ts */
  | 'list'
  /** cpuset.ts */
  | 'partition'
  /** `default N` and lines of `MAJ:MIN N`: weight.ts */
  | 'io-weight'
  /** io-cost.ts */
  | 'io-cost'
  /** cgroup-type.ts */
  | 'type'
  /** Names separated by blanks: controllers.ts */
  | 'controllers'
  /** One id a line: cgroup-procs.ts */
  | 'pids'
  /** Only written: it does something at once, and reading fails */
  | 'command';

export interface InterfaceFile {
  readonly name: string;
  /** The controller that must be enabled for the cgroup to have it; `cgroup`: it is there without any. */
  readonly controller: 'cgroup' | 'cpu' | 'cpuset' | 'memory' | 'io' | 'pids' | 'hugetlb' | 'misc' | 'rdma' | 'dmem';
  readonly format: InterfaceFormat;
  /** A write changes something for all: memory.peak, where it resets the writer's own view, is not. */
  readonly writable: boolean;
  /** Whether the real root cgroup has it; `only`: no other has. */
  readonly root: 'yes' | 'no' | 'only';
  /** First kernel release. */
  readonly since: string;
}

type Row = [name: string, format: InterfaceFormat, access: 'ro' | 'rw', root: InterfaceFile['root'], since: string];

const rows = (controller: InterfaceFile['controller'], table: readonly Row[]): InterfaceFile[] =>
  table.map(([name, format, access, root, since]) => ({
    name,
    controller,
    format,
    writable: access === 'rw',
    root,
    since,
  }));

export const INTERFACE_FILES: readonly InterfaceFile[] = [
  ...rows('cgroup', [
    ['cgroup.type', 'type', 'rw', 'no', '4.14'],
    ['cgroup.procs', 'pids', 'rw', 'yes', '4.5'],
    ['cgroup.threads', 'pids', 'rw', 'yes', '4.14'],
    ['cgroup.controllers', 'controllers', 'ro', 'yes', '4.5'],
    ['cgroup.subtree_control', 'controllers', 'rw', 'yes', '4.5'],
    ['cgroup.events', 'flat', 'ro', 'no', '4.5'],
    ['cgroup.max.descendants', 'single', 'rw', 'yes', '4.14'],
    ['cgroup.max.depth', 'single', 'rw', 'yes', '4.14'],
    ['cgroup.stat', 'flat', 'ro', 'yes', '4.14'],
    ['cgroup.stat.local', 'flat', 'ro', 'no', '6.18'],
    ['cgroup.freeze', 'single', 'rw', 'no', '5.2'],
    ['cgroup.kill', 'command', 'rw', 'no', '5.14'],
    ['cgroup.pressure', 'single', 'rw', 'yes', '6.1'],
    ['cpu.pressure', 'pressure', 'rw', 'yes', '4.20'],
    ['memory.pressure', 'pressure', 'rw', 'yes', '4.20'],
    ['io.pressure', 'pressure', 'rw', 'yes', '4.20'],
    ['irq.pressure', 'pressure', 'rw', 'yes', '6.1'],
    ['cpu.stat', 'flat', 'ro', 'yes', '4.15'],
    ['cpu.stat.local', 'flat', 'ro', 'yes', '6.6'],
  ]),
  ...rows('cpu', [
    ['cpu.weight', 'single', 'rw', 'no', '4.15'],
    ['cpu.weight.nice', 'single', 'rw', 'no', '4.15'],
    ['cpu.max', 'cpu-max', 'rw', 'no', '4.15'],
    ['cpu.max.burst', 'single', 'rw', 'no', '5.14'],
    ['cpu.idle', 'single', 'rw', 'no', '5.15'],
    ['cpu.uclamp.min', 'percent', 'rw', 'no', '5.4'],
    ['cpu.uclamp.max', 'percent', 'rw', 'no', '5.4'],
  ]),
  ...rows('cpuset', [
    ['cpuset.cpus', 'list', 'rw', 'no', '5.0'],
    ['cpuset.cpus.effective', 'list', 'ro', 'yes', '5.0'],
    ['cpuset.cpus.exclusive', 'list', 'rw', 'no', '6.7'],
    ['cpuset.cpus.exclusive.effective', 'list', 'ro', 'no', '6.7'],
    ['cpuset.cpus.isolated', 'list', 'ro', 'only', '6.7'],
    ['cpuset.cpus.partition', 'partition', 'rw', 'no', '5.0'],
    ['cpuset.mems', 'list', 'rw', 'no', '5.0'],
    ['cpuset.mems.effective', 'list', 'ro', 'yes', '5.0'],
  ]),
  ...rows('memory', [
    ['memory.current', 'single', 'ro', 'no', '4.5'],
    ['memory.peak', 'single', 'ro', 'no', '5.19'],
    ['memory.min', 'single', 'rw', 'no', '4.18'],
    ['memory.low', 'single', 'rw', 'no', '4.5'],
    ['memory.high', 'single', 'rw', 'no', '4.5'],
    ['memory.max', 'single', 'rw', 'no', '4.5'],
    ['memory.reclaim', 'command', 'rw', 'yes', '5.19'],
    ['memory.oom.group', 'single', 'rw', 'no', '4.19'],
    ['memory.events', 'flat', 'ro', 'no', '4.5'],
    ['memory.events.local', 'flat', 'ro', 'no', '5.2'],
    ['memory.stat', 'flat', 'ro', 'yes', '4.5'],
    ['memory.numa_stat', 'nested', 'ro', 'yes', '5.10'],
    ['memory.swap.current', 'single', 'ro', 'no', '4.5'],
    ['memory.swap.peak', 'single', 'ro', 'no', '6.5'],
    ['memory.swap.high', 'single', 'rw', 'no', '5.8'],
    ['memory.swap.max', 'single', 'rw', 'no', '4.5'],
    ['memory.swap.events', 'flat', 'ro', 'no', '4.18'],
    ['memory.zswap.current', 'single', 'ro', 'no', '5.19'],
    ['memory.zswap.max', 'single', 'rw', 'no', '5.19'],
    ['memory.zswap.writeback', 'single', 'rw', 'yes', '6.8'],
  ]),
  ...rows('io', [
    ['io.stat', 'nested', 'ro', 'yes', '4.5'],
    ['io.max', 'nested', 'rw', 'no', '4.5'],
    ['io.weight', 'io-weight', 'rw', 'no', '5.4'],
    ['io.bfq.weight', 'io-weight', 'rw', 'no', '5.0'],
    ['io.latency', 'nested', 'rw', 'no', '4.19'],
    ['io.cost.qos', 'io-cost', 'rw', 'only', '5.4'],
    ['io.cost.model', 'io-cost', 'rw', 'only', '5.4'],
    /** No flag in block/blk-ioprio.c keeps it out of the root. */
    ['io.prio.class', 'word', 'rw', 'yes', '5.14'],
  ]),
  ...rows('pids', [
    ['pids.max', 'single', 'rw', 'no', '4.5'],
    ['pids.current', 'single', 'ro', 'no', '4.5'],
    ['pids.peak', 'single', 'ro', 'no', '6.1'],
    ['pids.events', 'flat', 'ro', 'no', '4.8'],
    ['pids.events.local', 'flat', 'ro', 'no', '6.11'],
  ]),
  ...rows('hugetlb', [
    ['hugetlb.<size>.max', 'single', 'rw', 'no', '5.6'],
    ['hugetlb.<size>.current', 'single', 'ro', 'no', '5.6'],
    ['hugetlb.<size>.rsvd.max', 'single', 'rw', 'no', '5.6'],
    ['hugetlb.<size>.rsvd.current', 'single', 'ro', 'no', '5.6'],
    ['hugetlb.<size>.events', 'flat', 'ro', 'no', '5.6'],
    ['hugetlb.<size>.events.local', 'flat', 'ro', 'no', '5.6'],
    ['hugetlb.<size>.numa_stat', 'nested', 'ro', 'no', '5.6'],
  ]),
  ...rows('misc', [
    ['misc.max', 'flat', 'rw', 'no', '5.13'],
    /** Not yet in the root of 6.1. */
    ['misc.current', 'flat', 'ro', 'yes', '5.13'],
    ['misc.peak', 'flat', 'ro', 'yes', '6.11'],
    ['misc.capacity', 'flat', 'ro', 'only', '5.13'],
    ['misc.events', 'flat', 'ro', 'no', '5.15'],
    ['misc.events.local', 'flat', 'ro', 'no', '6.11'],
  ]),
  ...rows('rdma', [
    ['rdma.max', 'nested', 'rw', 'no', '4.11'],
    ['rdma.current', 'nested', 'ro', 'no', '4.11'],
  ]),
  ...rows('dmem', [
    ['dmem.max', 'flat', 'rw', 'no', '6.14'],
    ['dmem.low', 'flat', 'rw', 'no', '6.14'],
    ['dmem.min', 'flat', 'rw', 'no', '6.14'],
    ['dmem.current', 'flat', 'ro', 'yes', '6.14'],
    ['dmem.capacity', 'flat', 'ro', 'only', '6.14'],
  ]),
];

const byName = new Map(INTERFACE_FILES.map((file) => [file.name, file]));

/** The row of a file in a cgroup's directory; undefined for one that is not known (a newer kernel's, or no interface file). */
export function interfaceFile(name: string): InterfaceFile | undefined {
  return byName.get(name.replace(/^hugetlb\.\d+[KMG]B\./, 'hugetlb.<size>.'));
}
