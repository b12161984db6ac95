/** The processes of a cgroup and of all below it, as a tree. */

import { readMachine } from '../kernel/machine.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { isKernelThread, type PidStat, parsePidStat, parseSchedstat } from '../kernel/proc-pid.ts';
import { createReadFiles, type ReadFiles } from '../kernel/read-files.ts';
import { clean } from '../text/clean.ts';
import { areSame, type CgroupTimes, createReadMembers, type Members } from './cgroup-members.ts';
import { createLearnFacts, type ProcessFacts } from './process-facts.ts';
import { createWalk, type Walk } from './walk.ts';

/** A process is (pid, startTime): pids are used again. */
export interface ProcessNode {
  readonly pid: number;
  /** Its pid in its own PID namespace: the last of NSpid. */
  readonly innerPid: number;
  readonly ppid: number;
  /** Cleaned. */
  readonly comm: string;
  /** Command line, cleaned and cut; `[comm]` for one without (kernel threads, zombies). */
  readonly command: string;
  /** R S D T t Z X I … */
  readonly state: string;
  /** Effective uid on this host. */
  readonly uid: number;
  readonly threads: number;
  /** Ticks of 1/100 s since boot. */
  readonly startTime: number;
  /** CPU time in ticks of 1/100 s. */
  readonly utimeTicks: number;
  readonly stimeTicks: number;
  readonly rssBytes: number;
  /** Nanoseconds for which its main thread was ready but had no CPU; NaN where the kernel does not count it. */
  readonly waitNs: number;
  /** Inode of its PID namespace, where we may see it. */
  readonly pidNamespace?: number;
  /** Came into its PID namespace from outside (`docker exec`, `nsenter`): it is not the init, its parent is elsewhere. */
  readonly entered: boolean;
  /**
   * The init of a PID namespace below that of its parent, which is in the tree too (`unshare --pid --fork`, a container in
   * a container).
   */
  readonly isNestedInit: boolean;
  /** One of the kernel's own, with no program. */
  readonly isKernelThread: boolean;
  /** Path of the cgroup that it is in. */
  readonly cgroup: string;
  /** By pid. */
  readonly children: readonly ProcessNode[];
}

export interface ProcessTree {
  /** The inits of PID namespaces first, then by pid. Empty where the cgroup is gone or holds no process. */
  readonly roots: readonly ProcessNode[];
  /** Processes beyond the bound, which were not read. */
  readonly left: number;
  /** Files that were read for it, which is what it costs. */
  readonly files: number;
}

/**
 * `times`: the cgroup and all below it. What is known from the reading before is not read again where they tell that nothing
 * ran since (./cgroup-members.ts). Without them the cgroups are looked for, and all is read.
 */
export type ReadProcesses = (path: string, times?: CgroupTimes) => Promise<ProcessTree>;

export interface ProcessReaderOptions {
  readonly proc: string;
  readonly mount: string;
  /** Processes read at most: those of the cgroups in which something ran last, then those with the lowest pids. */
  readonly most?: number;
  readonly readFiles?: ReadFiles;
  /** Reads what is read in each reading where something ran: which processes there are, and whether they ran. */
  readonly readOften?: ReadFiles;
  readonly walk?: Walk;
  /** Each process and each cgroup is read once in so many milliseconds; cgroups less often where they are very many. */
  readonly turnMs?: number;
  /** Milliseconds. */
  readonly clock?: () => number;
}

const MOST = 1_000;
const TURN_MS = 10_000;
const THREADS_A_PROCESS = 4;

/** Reads the tree of a cgroup by its path beneath the mount; remembers from one reading to the next what stood still. */
export function createProcessReader({
  proc,
  mount,
  most = MOST,
  readFiles = createReadFiles(),
  readOften = readFiles,
  walk = createWalk(),
  turnMs = TURN_MS,
  clock = monotonicMs,
}: ProcessReaderOptions): ReadProcesses {
  const { pageSize } = readMachine(proc);
  const learnFacts = createLearnFacts({ proc, readFiles, turnMs, clock });
  const readMembers = createReadMembers({
    ...{ proc, mount, readFiles: readOften, turnMs, clock },
    mostThreads: THREADS_A_PROCESS * most,
  });
  /** Of the reading before, by pid; undefined for what could not be read. */
  let known: ReadonlyMap<number, Running | undefined> = new Map();
  /** All pids, of the last reading that found others. */
  let sorted: { readonly homes: Members['homes']; readonly pids: readonly number[] } | undefined;
  return async (path, times) => {
    const { paths, usages } = times ?? { ...(await walk(mount, path)), usages: [] };
    // Who waits for a CPU waits longer without having run.
    const ready = new Set<string>();
    for (const old of known.values()) if (old?.stat.state === 'R') ready.add(old.cgroup);
    const members = await readMembers({ paths, usages }, ready);
    if (sorted?.homes !== members.homes)
      sorted = { homes: members.homes, pids: [...members.homes.keys()].sort((a, b) => a - b) };
    const pids = chosenOf(sorted.pids, members, most);
    const { running, reads } = await runningOf(pids, members, times === undefined);
    const learnt = await learnFacts(running.map(({ stat }) => stat));
    const processes: Process[] = [];
    for (const seen of running) {
      const facts = learnt.get(seen.stat.pid)?.facts;
      if (facts) processes.push({ seen, facts });
    }
    return {
      roots: arrange(processes, pageSize),
      left: members.homes.size - pids.length,
      files: members.read + reads,
    };
  };

  /** Reads those that can have changed, or all of them. */
  async function runningOf(pids: readonly number[], { homes, active }: Members, isWhole: boolean) {
    const before = known;
    const time = clock();
    const isDue = (pid: number): boolean => {
      const old = before.get(pid);
      // A process gets another parent without running, a little after the old one has left its cgroup.
      const isOrphan = old?.hadParent === true && !homes.has(old.stat.ppid);
      return isWhole || !before.has(pid) || isOrphan || (old !== undefined && time >= old.turnAt);
    };
    const asked = pids.filter((pid) => active.has(homes.get(pid) ?? '/') || isDue(pid));
    // What runs between the two reads has another schedstat next time.
    const schedstats = await textsOf(asked, 'schedstat');
    const moved = asked.filter((pid) => isDue(pid) || !stoodStill(before.get(pid), schedstats.get(pid)));
    const texts = await textsOf(moved, 'stat');
    const now = new Map<number, Running | undefined>();
    const running: Running[] = [];
    let place = 0;
    for (const pid of pids) {
      const old = before.get(pid);
      const isRead = texts.has(pid);
      if (isRead) place++;
      const seen = isRead ? seenFrom(texts.get(pid), schedstats.get(pid), old) : old;
      now.set(pid, undefined);
      if (!seen) continue;
      const { text, schedstat, stat, waitNs } = seen;
      const hadParent = homes.has(stat.ppid) || (old?.hadParent === true && old.stat.ppid === stat.ppid);
      // Those that are read for the first time are spread over a turn.
      const share = old ? 1 : place / moved.length;
      const turnAt = old && !isRead ? old.turnAt : time + share * turnMs;
      const cgroup = homes.get(pid) ?? '/';
      const isAsBefore = !isRead && old?.hadParent === hadParent && old.cgroup === cgroup;
      const one = isAsBefore ? old : { text, schedstat, stat, waitNs, hadParent, turnAt, cgroup };
      now.set(pid, one);
      running.push(one);
    }
    known = now;
    return { running, reads: asked.length + moved.length };
  }

  /** By pid. */
  async function textsOf(pids: readonly number[], file: string): Promise<ReadonlyMap<number, string | number>> {
    const texts = await readOften(pids.map((pid) => `${proc}/${pid}/${file}`));
    return new Map(pids.map((pid, index) => [pid, texts[index] ?? 0]));
  }
}

const readers = new Map<string, ReadProcesses>();

/** The tree now, with one reader kept for each procfs and mount. */
export function readProcesses(proc: string, mount: string, path: string): Promise<ProcessTree> {
  const key = `${proc}\0${mount}`;
  const reader = readers.get(key) ?? createProcessReader({ proc, mount });
  readers.set(key, reader);
  return reader(path);
}

/** What changes while a process runs: two of its files, and what they say. */
interface Seen {
  readonly text: string | number | undefined;
  readonly schedstat: string | number | undefined;
  readonly stat: PidStat;
  readonly waitNs: number;
}

interface Running extends Seen {
  /** Path. */
  readonly cgroup: string;
  /** Its parent is, or was, among the processes of these cgroups. */
  readonly hadParent: boolean;
  /** Milliseconds at which it is read though it did not run: its memory may be another one. */
  readonly turnAt: number;
}

/**
 * Whether a process of a cgroup in which something ran did not run itself: the schedstat tells it of one with a single
 * thread, where the kernel counts at all.
 */
const stoodStill = (old: Seen | undefined, schedstat: Seen['schedstat']): boolean =>
  old?.stat.num_threads === 1 && old.schedstat === schedstat && schedstat !== NOT_COUNTED;

/** The schedstat of each process where the kernel does not count it. */
const NOT_COUNTED = '0 0 0\n';

/** `old`: of the reading before. What reads as it did is not parsed again. */
function seenFrom(text: Seen['text'], schedstat: Seen['schedstat'], old: Seen | undefined): Seen | undefined {
  if (old?.text === text && old?.schedstat === schedstat) return old;
  const stat = typeof text === 'string' ? parsePidStat(text) : undefined;
  const waitNs = typeof schedstat === 'string' ? parseSchedstat(schedstat).wait_ns : Number.NaN;
  return stat && { text, schedstat, stat, waitNs };
}

/**
 * At most so many of these, of all pids, by pid: those first in whose cgroup something ran last, then those with the lowest pids.
 * What runs in a cgroup counts in those above it too, which come after it.
 */
function chosenOf(pids: readonly number[], { lists, ranAt }: Members, most: number): readonly number[] {
  if (pids.length <= most) return pids;
  const ran: number[] = [];
  for (let place = lists.length - 1; place >= 0; place--) if (Number.isFinite(ranAt[place])) ran.push(place);
  ran.sort((a, b) => (ranAt[b] ?? 0) - (ranAt[a] ?? 0));
  const chosen = new Set<number>();
  const choose = (from: readonly number[]): void => {
    for (const pid of from) {
      if (chosen.size === most) return;
      chosen.add(pid);
    }
  };
  for (const place of ran) choose(lists[place] ?? []);
  choose(pids);
  return [...chosen].sort((a, b) => a - b);
}

interface Process {
  readonly seen: Running;
  readonly facts: ProcessFacts;
}

/** The last node of what was seen, and what else it was made from. */
const NODES = new WeakMap<Running, { readonly facts: ProcessFacts; readonly node: ProcessNode }>();

const NO_CHILDREN: readonly ProcessNode[] = [];

/** Children under their parents; a process whose parent is not among them is a root. */
function arrange(processes: readonly Process[], pageSize: number): ProcessNode[] {
  const byPid = new Map(processes.map((process) => [process.seen.stat.pid, process]));
  const childrenOf = new Map<number, Process[]>();
  const roots: Process[] = [];
  for (const process of processes) {
    const { pid, ppid } = process.seen.stat;
    const siblings = childrenOf.get(ppid);
    if (ppid === pid || !byPid.has(ppid)) roots.push(process);
    else if (siblings) siblings.push(process);
    else childrenOf.set(ppid, [process]);
  }
  const inits = processes.filter(isInit);
  const homes = new Set(inits.map(({ facts }) => facts.pidNamespace));

  function hasEntered(process: Process): boolean {
    const { seen, facts } = process;
    const { stat } = seen;
    if (isInit(process) || isKernelThread(stat)) return false;
    const parent = byPid.get(stat.ppid)?.facts;
    if (facts.pidNamespace === undefined) return parent === undefined && facts.depth > 1 && inits.length > 0;
    if (parent === undefined) return homes.has(facts.pidNamespace);
    return parent.pidNamespace !== undefined && parent.pidNamespace !== facts.pidNamespace;
  }

  /** The node of the reading before where it would be the same one: most processes stand still. */
  function node(process: Process): ProcessNode {
    const { seen, facts } = process;
    const { stat } = seen;
    const children = childrenOf.get(stat.pid)?.map(node) ?? NO_CHILDREN;
    const entered = hasEntered(process);
    const isNestedInit = isInit(process) && byPid.has(stat.ppid);
    const last = NODES.get(seen);
    const isSame = last?.facts === facts && last.node.entered === entered && last.node.isNestedInit === isNestedInit;
    if (isSame && areSame(last.node.children, children)) return last.node;
    const made: ProcessNode = {
      pid: stat.pid,
      innerPid: facts.innerPid,
      ppid: stat.ppid,
      comm: clean(stat.comm),
      command: facts.command,
      state: stat.state,
      uid: facts.uid,
      threads: stat.num_threads,
      startTime: stat.starttime,
      utimeTicks: stat.utime,
      stimeTicks: stat.stime,
      rssBytes: stat.rss * pageSize,
      waitNs: seen.waitNs,
      cgroup: seen.cgroup,
      ...(facts.pidNamespace !== undefined && { pidNamespace: facts.pidNamespace }),
      ...{ entered, isNestedInit, isKernelThread: isKernelThread(stat), children },
    };
    NODES.set(seen, { facts, node: made });
    return made;
  }
  return [...roots.filter(isInit), ...roots.filter((process) => !isInit(process))].map(node);
}

const isInit = ({ facts }: Process): boolean => facts.innerPid === 1;
