/**
 * Which process is in which cgroup, and where that can have changed. A process that runs uses CPU time, which the kernel
 * counts in cpu.stat of its cgroup. Where that figure is the one that was known at the last read, nothing ran: no process of
 * the cgroup forked, exited, executed a program or used CPU. Such a cgroup is not read again but in its turn, which tells
 * what changes without running: memory that is reclaimed, a process that another one moved here, one that became ready and
 * has no CPU yet.
 */

import { constants } from 'node:os';
import { parseProcs } from '../kernel/cgroup-procs.ts';
import { parsePidStatus } from '../kernel/proc-pid.ts';
import type { ReadFiles } from '../kernel/read-files.ts';

/** Cgroups, and how much CPU time each of them had used at a moment before the reading begins. */
export interface CgroupTimes {
  /** The array of the reading before where no cgroup came or went. */
  readonly paths: readonly string[];
  /** By path: the same figure means that nothing ran in between. NaN where it is not known. */
  readonly usages: ArrayLike<number>;
}

export interface Members {
  /** In the order of the paths that were asked for: the processes of each cgroup when they were read. */
  readonly lists: readonly (readonly number[])[];
  /** So too: milliseconds of the last reading that found another CPU time; -Infinity where none did. */
  readonly ranAt: Float64Array;
  /** The path of the cgroup of each process. The map of the reading before where it holds the same. */
  readonly homes: ReadonlyMap<number, string>;
  /** Paths of the cgroups in which something can have run since the reading before. */
  readonly active: ReadonlySet<string>;
  /** Lists that were read. */
  readonly read: number;
}

export interface MembersOptions {
  readonly proc: string;
  readonly mount: string;
  readonly readFiles: ReadFiles;
  /** Threads looked up at most. */
  readonly mostThreads: number;
  /** Milliseconds from one turn of a cgroup to the next, at least. */
  readonly turnMs: number;
  readonly clock: () => number;
}

/** A turn takes so many milliseconds for each cgroup: where cgroups are many, turns are rare. */
const TURN_MS_A_CGROUP = 10;

/** `ready`: paths of cgroups that are read in any case. */
export type ReadMembers = (times: CgroupTimes, ready: ReadonlySet<string>) => Promise<Members>;

export function createReadMembers({
  proc,
  mount,
  readFiles,
  mostThreads,
  turnMs: leastMs,
  clock,
}: MembersOptions): ReadMembers {
  let known = nothingOf([]);
  const fileIn = (path: string, file: string): string => `${mount}${path === '/' ? '' : path}/${file}`;
  return async ({ paths, usages }, ready) => {
    if (known.paths !== paths) known = ofPaths(known, paths);
    // Another reading may begin before this one ends.
    const own = known;
    const { lists, usage, readAt, ranAt, turnAt } = own;
    const now = clock();
    const due: number[] = [];
    const active = new Set<string>();
    for (let place = 0; place < paths.length; place++) {
      const isStill = usage[place] === usages[place] && !(ready.size > 0 && ready.has(paths[place] ?? '/'));
      if (!isStill) active.add(paths[place] ?? '/');
      if (!isStill || now >= (turnAt[place] ?? NEVER)) due.push(place);
    }
    const read = await listsOf(due.map((place) => paths[place] ?? '/'));
    const turnMs = Math.max(leastMs, paths.length * TURN_MS_A_CGROUP);
    due.forEach((place, count) => {
      const { pids, threaded } = read[count] ?? NO_LIST;
      const used = usages[place] ?? Number.NaN;
      const isFirst = turnAt[place] === NEVER;
      if (Math.abs(used - (usage[place] ?? Number.NaN)) > 0) ranAt[place] = now;
      // That of a threaded cgroup is read each time, as it lists threads, and any other list counts more.
      usage[place] = threaded ? Number.NaN : used;
      readAt[place] = threaded ? NEVER : now;
      // Those that are read for the first time are spread over a turn, so that they do not all fall due at once.
      turnAt[place] = now + turnMs * (isFirst ? (count + 1) / due.length : 1);
      if (isFirst || threaded || !areSame(pids, lists[place] ?? [])) own.homes = undefined;
      lists[place] = pids;
    });
    own.homes ??= homesOf(paths, lists, readAt);
    return { lists, ranAt, homes: own.homes, active, read: due.length };
  };

  /** cgroup.procs of a threaded cgroup answers EOPNOTSUPP: there the threads tell. */
  async function listsOf(paths: readonly string[]): Promise<List[]> {
    const texts = await readFiles(paths.map((path) => fileIn(path, 'cgroup.procs')));
    const threads = await pidsOfThreads(paths.filter((_, index) => texts[index] === constants.errno.EOPNOTSUPP));
    return texts.map((text, index) => {
      if (typeof text === 'string') return { pids: parseProcs(text).pids, threaded: false };
      return { pids: threads.get(paths[index] ?? '/') ?? [], threaded: text === constants.errno.EOPNOTSUPP };
    });
  }

  async function pidsOfThreads(threaded: readonly string[]): Promise<ReadonlyMap<string, readonly number[]>> {
    const lists = await readFiles(threaded.map((path) => fileIn(path, 'cgroup.threads')));
    const tids = lists.flatMap((text, index) =>
      typeof text === 'string' ? parseProcs(text).pids.map((tid) => ({ tid, path: threaded[index] ?? '/' })) : [],
    );
    const asked = tids.slice(0, mostThreads);
    /** /proc/TID answers for threads too, though no listing shows them. */
    const statuses = await readFiles(asked.map(({ tid }) => `${proc}/${tid}/status`));
    const pids = new Map<string, number[]>();
    asked.forEach(({ path }, index) => {
      const text = statuses[index];
      const pid = typeof text === 'string' ? parsePidStatus(text).Tgid : Number.NaN;
      if (pid > 0) pids.set(path, [...(pids.get(path) ?? []), pid]);
    });
    return pids;
  }
}

/** What is known of these cgroups, in the order of their paths. */
interface Known {
  readonly paths: readonly string[];
  readonly lists: (readonly number[])[];
  /** The CPU time that each was known to have used. */
  readonly usage: Float64Array;
  /** Milliseconds, as those below; -Infinity for one that was never read, or is threaded. */
  readonly readAt: Float64Array;
  readonly ranAt: Float64Array;
  /** It is read then, though nothing ran. */
  readonly turnAt: Float64Array;
  /** Undefined where the lists are others now. */
  homes: Members['homes'] | undefined;
}

interface List {
  readonly pids: readonly number[];
  readonly threaded: boolean;
}

const NEVER = Number.NEGATIVE_INFINITY;

const NO_LIST: List = { pids: [], threaded: false };

const nothingOf = (paths: readonly string[]): Known => ({
  paths,
  lists: paths.map(() => []),
  usage: new Float64Array(paths.length).fill(Number.NaN),
  readAt: new Float64Array(paths.length).fill(NEVER),
  ranAt: new Float64Array(paths.length).fill(NEVER),
  turnAt: new Float64Array(paths.length).fill(NEVER),
  homes: undefined,
});

function ofPaths(known: Known, paths: readonly string[]): Known {
  const places = new Map(known.paths.map((path, place) => [path, place]));
  const now = nothingOf(paths);
  paths.forEach((path, place) => {
    const old = places.get(path);
    if (old === undefined) return;
    now.lists[place] = known.lists[old] ?? [];
    for (const column of ['usage', 'readAt', 'ranAt', 'turnAt'] as const)
      now[column][place] = known[column][old] ?? Number.NaN;
  });
  return now;
}

/** Whether two lists have the same members in the same order. */
export const areSame = <T>(list: readonly T[], other: readonly T[]): boolean =>
  list.length === other.length && list.every((member, index) => member === other[index]);

/**
 * A process that two lists have was moved between them: the list that was read last has it right, and the other one loses it.
 */
function homesOf(
  paths: readonly string[],
  lists: (readonly number[])[],
  readAt: Float64Array,
): ReadonlyMap<number, string> {
  const places = new Map<number, number>();
  const lose = (place: number, lost: number): void => {
    lists[place] = (lists[place] ?? []).filter((pid) => pid !== lost);
  };
  lists.forEach((pids, place) => {
    for (const pid of pids) {
      const other = places.get(pid);
      const isLater = other === undefined || (readAt[place] ?? NEVER) > (readAt[other] ?? NEVER);
      if (other !== undefined) lose(isLater ? other : place, pid);
      if (isLater) places.set(pid, place);
    }
  });
  return new Map(Array.from(places, ([pid, place]) => [pid, paths[place] ?? '/']));
}
