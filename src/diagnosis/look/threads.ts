/**
 * The threads of the victims and of those who may be in their way: how long they ran and waited (schedstat), and which
 * few of them do something, to be sampled.
 */

import { constants } from 'node:os';
import { join } from 'node:path';
import { isWithin } from '../../kernel/cgroup-path.ts';
import { parseProcs } from '../../kernel/cgroup-procs.ts';
import { parseCpuList } from '../../kernel/cpuset.ts';
import { namesIn, readText } from '../../kernel/if-there.ts';
import { isKernelThread, parsePidStat, parseSchedstat } from '../../kernel/proc-pid.ts';
import type { ReadFiles } from '../../kernel/read-files.ts';
import { HOST, KERNEL } from './model.ts';
import type { SampledThread } from './series.ts';

const { ENOENT, ENODEV } = constants.errno;

/** Threads sampled at most, and those of the victims among them. */
const MOST_SAMPLED = 64;
const MOST_OF_VICTIMS = 32;
/** Threads whose times are read at most. */
const MOST_LISTED = 2000;
/**
 * Where the threads that were read ran for less than this share of their group's CPU time, they live too briefly to be
 * followed.
 */
const EXPLAINED = 0.5;

/** Nanoseconds that a new thread counts as having run: so it comes after those that were seen to do something. */
const UNSEEN = 1;

const UNKNOWN_TIMES: ThreadTimes = { ran: Number.NaN, waited: Number.NaN, turns: Number.NaN };

/** The cgroup that lists the threads of a group. */
const pathOf = (key: string): string => (key === HOST || key === KERNEL ? '/' : key);

interface Thread {
  readonly tid: number;
  readonly key: string;
  /** Nanoseconds when it was first seen, and last. */
  readonly firstRun: number;
  readonly firstWait: number;
  readonly firstTurns: number;
  run: number;
  wait: number;
  turns: number;
  /** Nanoseconds that it ran or waited between the last two refreshes. */
  recent: number;
  /** Nanoseconds that it ran since it was last compared with the CPU time of its group. */
  compared: number;
}

/** Nanoseconds, and how often it got a CPU. */
interface Times {
  run: number;
  wait: number;
  turns: number;
}

const sinceFirst = ({ run, wait, turns, firstRun, firstWait, firstTurns }: Thread): Times => ({
  run: run - firstRun,
  wait: wait - firstWait,
  turns: turns - firstTurns,
});

function addTo(sum: Times, { run, wait, turns }: Times): void {
  sum.run += run;
  sum.wait += wait;
  sum.turns += turns;
}

/** Milliseconds since the first reading, and how often one of them got a CPU. */
export interface ThreadTimes {
  readonly ran: number;
  readonly waited: number;
  readonly turns: number;
}

export interface Threads {
  /**
   * Lists the threads of the victims' cgroups and of those that are active (microseconds of CPU since the last time that
   * these were given), reads their times, and takes up those that did something. Without `active` the victims' alone.
   */
  refresh(active?: ReadonlyMap<string, number>): Promise<void>;
  /** The threads that did something between the last two refreshes, those of the victims first. */
  sampled(): readonly SampledThread[];
  /** The times of a victim's threads, those below it included, as of the last refresh. NaN where schedstat tells nothing. */
  times(victim: string): ThreadTimes;
  /** Names of the root cgroup's own threads, not cleaned. */
  comms(): ReadonlyMap<number, string>;
  /** CPUs that the threads of a victim may use; empty where that is not known. */
  allowed(victim: string): number[];
  /** Groups whose threads live too briefly to be followed. */
  fleeting(): ReadonlySet<string>;
  /** Threads of the victims that were more than could be read. */
  unread(): number;
}

export interface ThreadsOptions {
  readonly proc: string;
  readonly mount: string;
  readonly readFiles: ReadFiles;
  readonly victims: readonly string[];
  /** Every cgroup that there is: those below the victims are theirs. */
  readonly paths: readonly string[];
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function openThreads({ proc, mount, readFiles, victims, paths: all }: ThreadsOptions): Threads {
  const threads = new Map<number, Thread>();
  /** Nanoseconds of threads that have ended, by key. */
  const ended = new Map<string, Times>();
  const comms = new Map<number, string>();
  let sampled: Thread[] = [];
  const fleeting = new Set<string>();
  /** Threads whose times were read twice. */
  const settled = new Set<number>();
  const victimPaths = all.filter((path) => victims.some((victim) => isWithin(path, victim)));
  /** Groups whose threads were listed before, so that a thread which is new there began since. */
  const listed = new Set<string>();
  /** Cgroups of the victims whose threads are followed, and those of which a time was read: /proc may hide some processes. */
  const populated = new Set<string>();
  const told = new Set<string>();
  /** Cgroups of the victims that have threads beyond those that are followed. */
  const cut = new Set<string>();
  let unread = 0;

  const isVictims = (key: string): boolean => victims.some((victim) => isWithin(key, victim) && key !== HOST);

  async function list(paths: readonly string[]): Promise<Map<number, string>> {
    const texts = await readFiles(paths.map((path) => join(mount, path, 'cgroup.threads')));
    const own = new Set(ownThreads(proc));
    const found = new Map<number, string>();
    populated.clear();
    paths.forEach((path, index) => {
      const text = texts[index];
      const isOfVictims = isVictims(path);
      if (typeof text !== 'string') {
        // It may have threads all the same.
        if (isOfVictims && text !== ENOENT && text !== ENODEV) populated.add(path);
        return;
      }
      for (const tid of parseProcs(text).pids) {
        if (own.has(tid)) continue;
        if (found.size < MOST_LISTED) {
          found.set(tid, path);
          if (isOfVictims) populated.add(path);
        } else if (isOfVictims) {
          cut.add(path);
          unread++;
        }
      }
    });
    return found;
  }

  /** The group of each thread: its cgroup, but HOST or KERNEL for a thread in the root cgroup. */
  async function keysOf(found: ReadonlyMap<number, string>): Promise<Map<number, string>> {
    const rootThreads = [...found].flatMap(([tid, path]) => (path === '/' && !threads.has(tid) ? [tid] : []));
    const stats = await readFiles(rootThreads.map((tid) => join(proc, `${tid}/stat`)));
    const isKernel = new Map(
      rootThreads.map((tid, index) => {
        const text = stats[index];
        const stat = typeof text === 'string' ? parsePidStat(text) : undefined;
        if (stat) comms.set(tid, stat.comm);
        return [tid, stat !== undefined && isKernelThread(stat)] as const;
      }),
    );
    return new Map(
      [...found].map(([tid, path]) => [
        tid,
        path === '/' ? (threads.get(tid)?.key ?? (isKernel.get(tid) ? KERNEL : HOST)) : path,
      ]),
    );
  }

  /** The kernel has hundreds of threads that do nothing. */
  const isIdleKernel = (tid: number): boolean => {
    const known = threads.get(tid);
    return known?.key === KERNEL && known.recent === 0 && settled.has(tid);
  };

  async function readTimes(keys: ReadonlyMap<number, string>, paths: ReadonlySet<string>): Promise<void> {
    const tids = [...keys.keys()].filter((tid) => !isIdleKernel(tid));
    const texts = await readFiles(tids.map((tid) => join(proc, `${tid}/task/${tid}/schedstat`)));
    tids.forEach((tid, index) => {
      const text = texts[index];
      if (typeof text !== 'string') return;
      const { run_ns: run, wait_ns: wait, slices: turns } = parseSchedstat(text);
      if (Number.isNaN(run) || Number.isNaN(wait)) return;
      const known = threads.get(tid);
      const key = keys.get(tid) ?? HOST;
      // Without CONFIG_SCHED_INFO all of it is 0.
      if (run > 0) told.add(key);
      if (known && known.key === key && run >= known.run) {
        known.recent = run - known.run + (wait - known.wait);
        known.compared += run - known.run;
        known.run = run;
        known.wait = wait;
        known.turns = turns;
        settled.add(tid);
        return;
      }
      if (known) retire(known);
      // One that began during the look did all of it in the look.
      const isNew = listed.has(pathOf(key));
      const [firstRun, firstWait, firstTurns] = isNew ? [0, 0, 0] : [run, wait, turns];
      const first = { firstRun, firstWait, firstTurns };
      threads.set(tid, {
        tid,
        key,
        ...first,
        run,
        wait,
        turns,
        recent: isNew ? run + wait : UNSEEN,
        compared: isNew ? run : 0,
      });
    });
    for (const thread of [...threads.values()]) {
      if (!keys.has(thread.tid) && paths.has(pathOf(thread.key))) retire(thread);
    }
  }

  function retire(thread: Thread): void {
    const sum = ended.get(thread.key) ?? { run: 0, wait: 0, turns: 0 };
    addTo(sum, sinceFirst(thread));
    ended.set(thread.key, sum);
    threads.delete(thread.tid);
    settled.delete(thread.tid);
  }

  function choose(): void {
    const busy = [...threads.values()]
      .filter(({ recent, key }) => recent > 0 && !fleeting.has(key))
      .sort((a, b) => b.recent - a.recent);
    const ofVictims = busy.filter(({ key }) => isVictims(key)).slice(0, MOST_OF_VICTIMS);
    const others = busy.filter(({ key }) => !isVictims(key)).slice(0, MOST_SAMPLED - ofVictims.length);
    sampled = [...ofVictims, ...others];
  }

  /** `active`: microseconds of CPU since this was asked last. */
  function findFleeting(active: ReadonlyMap<string, number>): void {
    const ran = new Map<string, number>();
    for (const thread of threads.values()) {
      ran.set(thread.key, (ran.get(thread.key) ?? 0) + thread.compared / 1000);
      thread.compared = 0;
    }
    for (const [key, used] of active) {
      if (key !== '/' && listed.has(key) && (ran.get(key) ?? 0) < EXPLAINED * used) fleeting.add(key);
    }
  }

  const sumOf = (keys: (key: string) => boolean): Times => {
    const sum = { run: 0, wait: 0, turns: 0 };
    for (const thread of threads.values()) if (keys(thread.key)) addTo(sum, sinceFirst(thread));
    for (const [key, times] of ended) if (keys(key)) addTo(sum, times);
    return sum;
  };

  return {
    async refresh(active) {
      const paths = new Set([...victimPaths, ...(active?.keys() ?? [])]);
      await readTimes(await keysOf(await list([...paths])), paths);
      if (active) findFleeting(active);
      choose();
      for (const path of paths) listed.add(path);
    },
    sampled: () => sampled,
    comms: () => comms,
    times(victim) {
      const isIts = (key: string): boolean => isWithin(key, victim) && key !== HOST && key !== KERNEL;
      const its = [...populated].filter(isIts);
      if (its.some((path) => !told.has(path)) || (its.length === 0 && [...cut].some(isIts))) return UNKNOWN_TIMES;
      const { run, wait, turns } = sumOf(isIts);
      return { ran: run / 1e6, waited: wait / 1e6, turns };
    },
    allowed(victim) {
      const cpus = new Set<number>();
      const its = [...threads.values()].filter(({ key }) => isWithin(key, victim) && key !== HOST && key !== KERNEL);
      for (const { tid } of its.slice(0, MOST_OF_VICTIMS)) {
        const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readText(join(proc, `${tid}/status`)))?.[1];
        for (const cpu of parseCpuList(list ?? '')) cpus.add(cpu);
      }
      return [...cpus];
    },
    fleeting: () => fleeting,
    unread: () => unread,
  };
}

const ownThreads = (proc: string): number[] => namesIn(join(proc, 'self/task')).map(Number);
