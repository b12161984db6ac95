/** What hardly changes while a process runs, remembered from reading to reading: half the cost of a process tree. */

import { type PidStat, parseCmdline, parsePidStatus } from '../kernel/proc-pid.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
import { createReadNamespaceInodes } from '../kernel/read-namespaces.ts';
import { clean } from '../text/clean.ts';

export interface ProcessFacts {
  /** With the pid, the identity of the process. */
  readonly startTime: number;
  /** The last of NSpid. */
  readonly innerPid: number;
  /** PID namespaces that it is in, ours included: 1 on a host without containers. */
  readonly depth: number;
  /** Effective uid. */
  readonly uid: number;
  /** The command line, cleaned and cut. */
  readonly command: string;
  readonly pidNamespace?: number;
}

/**
 * Gives the facts of those processes that are still there, by pid. A stat that is the object of the reading before tells that
 * the process has not run since.
 */
export type LearnFacts = (stats: readonly PidStat[]) => Promise<ReadonlyMap<number, { readonly facts: ProcessFacts }>>;

/**
 * Milliseconds, at least, after which the facts of a process that ran since are read again: another comm or place of the arguments
 * tells of an exec at once, and their end that it was still under way, but nothing tells of a setuid.
 */
const LEAST_FACTS_MS = 16_000;
const LONGEST_COMMAND = 4_096;

const wasExec = (before: PidStat, now: PidStat): boolean =>
  before.comm !== now.comm || !Object.is(before.arg_start, now.arg_start) || !Object.is(before.arg_end, now.arg_end);

interface Learnt {
  readonly facts: ProcessFacts;
  /** Read before the facts. */
  readonly stat: PidStat;
  readonly readAt: number;
}

export interface LearnFactsOptions {
  readonly proc: string;
  readonly readFiles: ReadFiles;
  /** Milliseconds after which a process that sleeps is read again: facts are not learnt more often than that. */
  readonly turnMs: number;
  /** Milliseconds. */
  readonly clock: () => number;
}

export function createLearnFacts({ proc, readFiles, turnMs, clock }: LearnFactsOptions): LearnFacts {
  const factsMs = Math.max(LEAST_FACTS_MS, turnMs);
  const readInodes = createReadNamespaceInodes(['pid']);
  let remembered: ReadonlyMap<number, Learnt> = new Map();
  return async (stats) => {
    const time = clock();
    const now = new Map<number, Learnt>();
    const unknown: PidStat[] = [];
    for (const stat of stats) {
      const old = remembered.get(stat.pid);
      const isSame = old?.facts.startTime === stat.starttime && !wasExec(old.stat, stat);
      if (old && isSame && (old.stat === stat || time - old.readAt < factsMs)) now.set(stat.pid, old);
      else unknown.push(stat);
    }
    // A process stays in its PID namespace as long as it lives.
    const namespaceOf = ({ pid, starttime }: PidStat): number | undefined => {
      const facts = remembered.get(pid)?.facts;
      return facts?.startTime === starttime ? facts.pidNamespace : undefined;
    };
    const strangers = unknown.filter((stat) => namespaceOf(stat) === undefined).map(({ pid }) => pid);
    const [texts, inodes] = await Promise.all([
      readFiles(unknown.flatMap(({ pid }) => [`${proc}/${pid}/status`, `${proc}/${pid}/cmdline`])),
      readInodes(proc, strangers),
    ]);
    const inodeOf = new Map(strangers.map((pid, index) => [pid, inodes[index]]));
    unknown.forEach((stat, index) => {
      const namespace = namespaceOf(stat) ?? inodeOf.get(stat.pid);
      const facts = factsFrom(stat, texts[2 * index], texts[2 * index + 1], namespace);
      // New ones are spread over that time, so that they do not all fall due at once.
      const age = remembered.has(stat.pid) ? 0 : ((stat.pid % 16) / 16) * factsMs;
      if (facts) now.set(stat.pid, { facts, stat, readAt: time - age });
    });
    remembered = now;
    return now;
  };
}

function factsFrom(
  { pid, comm, starttime }: PidStat,
  status: string | number | undefined,
  cmdline: string | number | undefined,
  namespaceOrErrno = Number.NaN,
): ProcessFacts | undefined {
  if (typeof status !== 'string') return undefined;
  const { NSpid, Uid } = parsePidStatus(status);
  return {
    startTime: starttime,
    innerPid: NSpid.at(-1) ?? pid,
    depth: Math.max(1, NSpid.length),
    uid: Uid[1] ?? Number.NaN,
    command: commandOf(typeof cmdline === 'string' ? cmdline : '', comm),
    // It is not ours to see (EACCES), or a zombie's.
    ...(namespaceOrErrno > 0 && { pidNamespace: namespaceOrErrno }),
  };
}

/** The command line, cleaned and cut; `[comm]` for one without (kernel threads, zombies). */
export function commandOf(cmdline: string, comm: string): string {
  const words = parseCmdline(cmdline.slice(0, LONGEST_COMMAND));
  return clean(words.join(' ')).trim() || `[${clean(comm)}]`;
}
