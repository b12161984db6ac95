/** The processes of a cgroup and of all below it, as a tree. */

import { constants } from 'node:os';
import { join } from 'node:path';
import { parseProcs } from '../kernel/cgroup-procs.ts';
import { readMachine } from '../kernel/machine.ts';
import { isKernelThread, type PidStat, parsePidStat, parsePidStatus, parseSchedstat } from '../kernel/proc-pid.ts';
import { createReadFiles, type ReadFiles } from '../kernel/read-files.ts';
import { clean } from '../text/clean.ts';
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

export type ReadProcesses = (path: string) => Promise<ProcessTree>;

export interface ProcessReaderOptions {
  readonly proc: string;
  readonly mount: string;
  /** Processes read at most; those with the lowest pids. */
  readonly most?: number;
  readonly readFiles?: ReadFiles;
  readonly walk?: Walk;
}

const MOST = 1_000;

/** Reads the tree of a cgroup by its path beneath the mount; remembers from one reading to the next what hardly changes. */
export function createProcessReader({
  proc,
  mount,
  most = MOST,
  readFiles = createReadFiles(),
  walk = createWalk(),
}: ProcessReaderOptions): ReadProcesses {
  const { pageSize } = readMachine(proc);
  const learnFacts = createLearnFacts(proc, readFiles);
  /** Of the reading before, by pid. */
  let known: ReadonlyMap<number, Running> = new Map();
  return async (path) => {
    const { paths } = await walk(mount, path);
    const cgroups = await cgroupsOf(paths);
    const pids = [...cgroups.keys()].sort((a, b) => a - b);
    const read = pids.slice(0, most);
    const running = await runningOf(read);
    const learnt = await learnFacts(running.map(({ stat }) => stat));
    const processes = running.flatMap(({ stat, waitNs }) => {
      const facts = learnt.get(stat.pid)?.facts;
      const cgroup = cgroups.get(stat.pid) ?? path;
      return facts ? [{ stat, facts, waitNs, cgroup }] : [];
    });
    return {
      roots: arrange(processes, pageSize),
      left: pids.length - read.length,
      files: paths.length + 2 * read.length,
    };
  };

  /** By pid. cgroup.procs of a threaded cgroup answers EOPNOTSUPP: there the threads tell. */
  async function cgroupsOf(paths: readonly string[]): Promise<ReadonlyMap<number, string>> {
    const texts = await readFiles(paths.map((path) => join(mount, path, 'cgroup.procs')));
    const cgroups = new Map<number, string>();
    texts.forEach((text, index) => {
      if (typeof text !== 'string') return;
      for (const pid of parseProcs(text).pids) cgroups.set(pid, paths[index] ?? '/');
    });
    const threaded = paths.filter((_, index) => texts[index] === constants.errno.EOPNOTSUPP);
    for (const [pid, path] of await pidsOfThreads(threaded)) if (!cgroups.has(pid)) cgroups.set(pid, path);
    return cgroups;
  }

  async function pidsOfThreads(threaded: readonly string[]): Promise<(readonly [number, string])[]> {
    const lists = await readFiles(threaded.map((path) => join(mount, path, 'cgroup.threads')));
    const tids = lists.flatMap((text, index) =>
      typeof text === 'string' ? parseProcs(text).pids.map((tid) => ({ tid, path: threaded[index] ?? '/' })) : [],
    );
    const asked = tids.slice(0, THREADS_A_PROCESS * most);
    /** /proc/TID answers for threads too, though no listing shows them. */
    const statuses = await readFiles(asked.map(({ tid }) => join(proc, `${tid}/status`)));
    return asked.flatMap(({ path }, index) => {
      const text = statuses[index];
      const pid = typeof text === 'string' ? parsePidStatus(text).Tgid : Number.NaN;
      return pid > 0 ? [[pid, path] as const] : [];
    });
  }

  /** Most have not run since the reading before, and read as they did: they are not parsed again. */
  async function runningOf(pids: readonly number[]): Promise<readonly Running[]> {
    const texts = await readFiles(pids.flatMap((pid) => [`${proc}/${pid}/stat`, `${proc}/${pid}/schedstat`]));
    const now = new Map<number, Running>();
    pids.forEach((pid, index) => {
      const [text, schedstat] = [texts[2 * index], texts[2 * index + 1]];
      const old = known.get(pid);
      const isSame = old?.text === text && old?.schedstat === schedstat;
      const running = isSame ? old : runningFrom(text, schedstat);
      if (running) now.set(pid, running);
    });
    known = now;
    return [...now.values()];
  }
}

const THREADS_A_PROCESS = 4;

const readers = new Map<string, ReadProcesses>();

/** The tree now, with one reader kept for each procfs and mount. */
export function readProcesses(proc: string, mount: string, path: string): Promise<ProcessTree> {
  const key = `${proc}\0${mount}`;
  const reader = readers.get(key) ?? createProcessReader({ proc, mount });
  readers.set(key, reader);
  return reader(path);
}

/** What changes while a process runs: two of its files, and what they say. */
interface Running {
  readonly text: string | number | undefined;
  readonly schedstat: string | number | undefined;
  readonly stat: PidStat;
  readonly waitNs: number;
}

function runningFrom(text: Running['text'], schedstat: Running['schedstat']): Running | undefined {
  const stat = typeof text === 'string' ? parsePidStat(text) : undefined;
  const waitNs = typeof schedstat === 'string' ? parseSchedstat(schedstat).wait_ns : Number.NaN;
  return stat && { text, schedstat, stat, waitNs };
}

interface Process extends Pick<Running, 'stat' | 'waitNs'> {
  readonly facts: ProcessFacts;
  readonly cgroup: string;
}

/** Children under their parents; a process whose parent is not among them is a root. */
function arrange(processes: readonly Process[], pageSize: number): ProcessNode[] {
  const byPid = new Map(processes.map((process) => [process.stat.pid, process]));
  const childrenOf = new Map<number, Process[]>();
  const roots: Process[] = [];
  for (const process of processes) {
    const { pid, ppid } = process.stat;
    const siblings = childrenOf.get(ppid);
    if (ppid === pid || !byPid.has(ppid)) roots.push(process);
    else if (siblings) siblings.push(process);
    else childrenOf.set(ppid, [process]);
  }
  const inits = processes.filter(isInit);
  const homes = new Set(inits.map(({ facts }) => facts.pidNamespace));

  function hasEntered(process: Process): boolean {
    const { stat, facts } = process;
    if (isInit(process) || isKernelThread(stat)) return false;
    const parent = byPid.get(stat.ppid)?.facts;
    if (facts.pidNamespace === undefined) return parent === undefined && facts.depth > 1 && inits.length > 0;
    if (parent === undefined) return homes.has(facts.pidNamespace);
    return parent.pidNamespace !== undefined && parent.pidNamespace !== facts.pidNamespace;
  }

  function node(process: Process): ProcessNode {
    const { stat, facts, waitNs, cgroup } = process;
    return {
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
      waitNs,
      cgroup,
      ...(facts.pidNamespace !== undefined && { pidNamespace: facts.pidNamespace }),
      entered: hasEntered(process),
      isNestedInit: isInit(process) && byPid.has(stat.ppid),
      isKernelThread: isKernelThread(stat),
      children: (childrenOf.get(stat.pid) ?? []).map(node),
    };
  }
  return [...roots.filter(isInit), ...roots.filter((process) => !isInit(process))].map(node);
}

const isInit = ({ facts }: Process): boolean => facts.innerPid === 1;
