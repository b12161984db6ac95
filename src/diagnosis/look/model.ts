/**
 * What a closer look collected: plain data, so that the analysis of it (cpu.ts, disk.ts, memory.ts, network.ts) is pure and
 * can be tested with looks made by hand. Counters are as the kernel has them; times are CLOCK_MONOTONIC milliseconds.
 */

import type { NoController } from '../../kernel/proc-cgroups.ts';
import type { SuspectKind, Victim } from '../model.ts';

/** Keys of the groups that are no cgroup of their own. No path begins so. */
export const HOST = 'host';
export const KERNEL = 'kernel';

/** Figure of a cgroup by `file:key` (files.ts); NaN where it is not known, Infinity for `max`. */
export type Figures = (ref: string) => number;

/** Who may use what the victim waits for: a cgroup, or the threads of the root cgroup itself (HOST, KERNEL). */
export interface Group {
  /** Path of the cgroup, HOST or KERNEL. */
  readonly key: string;
  readonly name: string;
  readonly what: SuspectKind;
  /** Part of a container (`…scope/container`, `init`): the container is named, not this. */
  readonly isInner?: boolean;
  /** When the look began and when it ended. */
  readonly first: Figures;
  readonly last: Figures;
}

/** About 20 times a second: what the groups that are active used so far, and how long the victims stood still. */
export interface Ticks {
  readonly times: readonly number[];
  /** Microseconds of CPU by group key, a figure a time; NaN where the group was not followed yet. */
  readonly usage: ReadonlyMap<string, readonly number[]>;
  /** `cpu.pressure full total` of each victim by path. */
  readonly full: ReadonlyMap<string, readonly number[]>;
  /** Throttled time of each victim, its ancestors' quotas included where the kernel tells. */
  readonly throttled: ReadonlyMap<string, readonly number[]>;
}

/** A thread that was running, ready to run (R) or in uninterruptible sleep (D) at an instant. */
export interface Seen {
  readonly tid: number;
  /** Its group: the path of its cgroup, HOST or KERNEL. */
  readonly key: string;
  readonly state: 'R' | 'D';
  readonly cpu: number;
  /** Function of the kernel that it sleeps in, where the state is D and we may know it. */
  readonly wchan?: string;
}

/** Once a second, of each victim: what shows whether it lasts. */
export interface Mark {
  readonly time: number;
  /** Microseconds so far. */
  readonly usage: number;
  readonly cpuSome: number;
  readonly cpuFull: number;
  readonly ioSome: number;
  readonly memorySome: number;
  /** NaN where cgroup v1 holds the cpu controller and its files cannot be read. */
  readonly throttled: number;
  /** Milliseconds so far, over the threads that are known: on a CPU, and ready to run without one. NaN without schedstat. */
  readonly ran: number;
  readonly waited: number;
  /** Times so far that one of them got a CPU. NaN without schedstat. */
  readonly turns: number;
}

export interface CpuTime {
  /** Clock ticks of 1/100 s over the look. */
  readonly busy: number;
  readonly idle: number;
  readonly steal: number;
}

export interface DiskLoad {
  /** `MAJ:MIN` */
  readonly device: string;
  readonly name: string;
  /** Requests that it holds at most. NaN where sysfs does not tell. */
  readonly depth: number;
  readonly rotational: boolean;
  /** Over the look, as /proc/diskstats counts: operations a second, mean requests in flight, share of time with any. */
  readonly operations: number;
  readonly bytes: number;
  readonly queue: number;
  readonly utilisation: number;
  readonly flushes: number;
  /** What each cgroup with its descendants does a second, by path. */
  readonly byGroup: ReadonlyMap<string, DiskUse>;
}

export interface DiskUse {
  readonly operations: number;
  readonly bytes: number;
  readonly reads: number;
  readonly writes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** A limit of io.max that binds a victim: the smallest over it and its ancestors. */
export interface IoLimit {
  readonly device: string;
  readonly key: 'rbps' | 'wbps' | 'riops' | 'wiops';
  readonly value: number;
  /** Path of the cgroup whose file it is. */
  readonly from: string;
}

/** A cgroup of v1 whose CPU quota throttles a victim, where v1 holds the cpu controller. */
export interface QuotaV1 {
  readonly directory: string;
  /** What the quota allows. */
  readonly cpus: number;
  /** False where it is that of a cgroup above the one that holds the victim. */
  readonly isOwn: boolean;
}

export interface NetworkUse {
  /** Segments sent and sent again over the look: TcpExt of the victim's network namespace. */
  readonly sent: number;
  readonly resent: number;
  readonly received: number;
  readonly dropped: number;
  /** How full the machine's fullest link is, 0 to 1; NaN where no link tells its speed. */
  readonly linkShare: number;
  /** False where it is the host's namespace, which all share. */
  readonly isOwn: boolean;
}

/** What a look has of the machine as a whole. */
export interface MachineLook {
  /** The CPUs that are online, by number. */
  readonly cpus: ReadonlyMap<number, CpuTime>;
  readonly disks: readonly DiskLoad[];
  /** Bytes. */
  readonly memory: { readonly total: number; readonly available: number };
  /** CPU that the look itself used, 100 for one CPU. */
  readonly costPercent: number;
}

export interface CloseLook extends MachineLook {
  /** Milliseconds since the epoch. */
  readonly when: number;
  readonly seconds: number;
  readonly victims: readonly Victim[];
  /** The groups by their keys, parents before children. */
  readonly groups: ReadonlyMap<string, Group>;
  readonly ticks: Ticks;
  /** The threads that were not asleep at each sample, of which there are at most 60 a second. */
  readonly instants: readonly (readonly Seen[])[];
  /** Groups whose threads lived too briefly to be sampled well. */
  readonly fleeting: ReadonlySet<string>;
  /** Names of the root cgroup's own threads, cleaned. */
  readonly comms: ReadonlyMap<number, string>;
  readonly marks: ReadonlyMap<string, readonly Mark[]>;
  /** CPUs that the threads of each victim may use. */
  readonly allowed: ReadonlyMap<string, readonly number[]>;
  readonly ioLimits: ReadonlyMap<string, readonly IoLimit[]>;
  /** Change of /proc/vmstat over the look. */
  readonly vmstat: (key: string) => number;
  readonly memory: MachineLook['memory'] & { readonly pageSize: number };
  readonly network: ReadonlyMap<string, NetworkUse>;
  readonly quotasV1: ReadonlyMap<string, QuotaV1>;
  /** What the eBPF program measured in the same time, where it ran. */
  readonly traced?: Traced;
  /** Controllers that this hierarchy does not have. */
  readonly absent: ReadonlyMap<string, NoController>;
  /** What could not be read, a sentence each. */
  readonly missing: readonly string[];
}

/** Keys of `Traced.waitedBehind` that are no group. */
export const OWN_THREADS = 'own-threads';
export const QUOTA = 'quota';
export const IDLE = 'idle';
/** Cgroups that came during the look: they have no name. */
export const OTHERS = 'others';

/** What a tracer measured over the look. It takes the place of what the files only let us estimate. */
export interface Traced {
  /**
   * By victim path: microseconds in which at least one of its threads was ready to run and waited, by who ran on that
   * CPU meanwhile: a cgroup path, HOST (the kernel's threads too), OWN_THREADS, QUOTA (its group was throttled there), IDLE
   * (nobody: a late virtual CPU), OTHERS.
   */
  readonly waitedBehind: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Microseconds that the requests of each cgroup (its path, or HOST) were with the driver, by device `MAJ:MIN`. */
  readonly deviceTime: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Updates that found no room. */
  readonly lost: number;
}

/** A source of `Traced`, started with the look and stopped at its end. Never throws: what it cannot do it says in `reason`. */
export interface Tracer {
  start(victims: readonly Victim[]): Promise<{ readonly reason?: string }>;
  /** undefined where it did not start. Lets go of all that it holds; once more does nothing. */
  stop(): Traced | undefined;
}
