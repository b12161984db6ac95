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

/** A cgroup as it was when its processes were read. */
export interface MemberCgroup {
  readonly pids: readonly number[];
  /** The CPU time that it was known to have used. */
  readonly usage: number;
  /** Milliseconds, as those below; -Infinity for a threaded one, as it lists threads, and any other list counts more. */
  readonly readAt: number;
  /** The last reading that found another CPU time; -Infinity where none did. */
  readonly ranAt: number;
  /** It is read then, though nothing ran. */
  readonly turnAt: number;
}

export interface Members {
  /** By path. */
  readonly cgroups: ReadonlyMap<string, MemberCgroup>;
  /** The path of the cgroup of each process. The map of the reading before where it holds the same. */
  readonly homes: ReadonlyMap<number, string>;
  /** Paths of the cgroups in which something can have run since the reading before. */
  readonly active: ReadonlySet<string>;
  /** Lists that were read. */
  readonly lists: number;
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
  let known: Known = { paths: [], cgroups: new Map(), homes: new Map() };
  const fileIn = (path: string, file: string): string => `${mount}${path === '/' ? '' : path}/${file}`;
  return async ({ paths, usages }, ready) => {
    const before = known;
    const now = clock();
    const due: { readonly path: string; readonly usage: number }[] = [];
    const active = new Set<string>();
    paths.forEach((path, index) => {
      const old = before.cgroups.get(path);
      const usage = usages[index] ?? Number.NaN;
      const isStill = old?.usage === usage && !ready.has(path) && !isThreaded(old);
      if (!isStill) active.add(path);
      if (!isStill || now >= old.turnAt) due.push({ path, usage });
    });
    const lists = await listsOf(due.map(({ path }) => path));
    const turnMs = Math.max(leastMs, paths.length * TURN_MS_A_CGROUP);
    const isSameTree = before.paths === paths;
    const cgroups = isSameTree ? before.cgroups : entriesOf(before.cgroups, paths);
    let isSame = isSameTree;
    due.forEach(({ path, usage }, place) => {
      const old = cgroups.get(path);
      const { pids, threaded } = lists[place] ?? NO_LIST;
      const ran = old !== undefined && Math.abs(usage - old.usage) > 0;
      cgroups.set(path, {
        ...{ pids, usage, readAt: threaded ? NEVER : now, ranAt: ran ? now : (old?.ranAt ?? NEVER) },
        // Those that are read for the first time are spread over a turn, so that they do not all fall due at once.
        turnAt: now + turnMs * (old ? 1 : (place + 1) / due.length),
      });
      isSame &&= old !== undefined && !threaded && areSame(pids, old.pids);
    });
    const homes = isSame ? before.homes : homesOf(cgroups);
    known = { paths, cgroups, homes };
    return { cgroups, homes, active, lists: due.length };
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

interface Known {
  readonly paths: readonly string[];
  readonly cgroups: Map<string, MemberCgroup>;
  readonly homes: Members['homes'];
}

interface List {
  readonly pids: readonly number[];
  readonly threaded: boolean;
}

const NEVER = Number.NEGATIVE_INFINITY;

const NO_LIST: List = { pids: [], threaded: false };

const isThreaded = ({ readAt }: MemberCgroup): boolean => readAt === NEVER;

/** Of these keys alone. */
function entriesOf<T>(map: ReadonlyMap<string, T>, keys: readonly string[]): Map<string, T> {
  const entries = new Map<string, T>();
  for (const key of keys) {
    const value = map.get(key);
    if (value !== undefined) entries.set(key, value);
  }
  return entries;
}

const areSame = (pids: readonly number[], others: readonly number[]): boolean =>
  pids.length === others.length && pids.every((pid, index) => pid === others[index]);

/**
 * A process that two lists have was moved between them: the list that was read last has it right, and the other one loses it.
 */
function homesOf(cgroups: Map<string, MemberCgroup>): ReadonlyMap<number, string> {
  const homes = new Map<number, string>();
  const lose = (path: string, lost: number): void => {
    const cgroup = cgroups.get(path);
    if (cgroup) cgroups.set(path, { ...cgroup, pids: cgroup.pids.filter((pid) => pid !== lost) });
  };
  for (const [path, { pids, readAt }] of cgroups) {
    for (const pid of pids) {
      const other = homes.get(pid);
      const isLater = other === undefined || readAt > (cgroups.get(other)?.readAt ?? NEVER);
      if (other !== undefined) lose(isLater ? other : path, pid);
      if (isLater) homes.set(pid, path);
    }
  }
  return homes;
}
