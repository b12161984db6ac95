/** What hardly changes while a process runs, remembered from reading to reading: half the cost of a process tree. */
import { readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { parseNamespaceLink } from '../kernel/namespace-link.ts';
import { type PidStat, parseCmdline, parsePidStatus } from '../kernel/proc-pid.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
import { clean } from '../text/clean.ts';

export interface ProcessFacts {
  /** With the pid, the identity of the process. */
  readonly startTime: number;
  /** As the kernel has it, not cleaned: another one means another program. */
  readonly comm: string;
  /** The last of NSpid. */
  readonly innerPid: number;
  /** PID namespaces that it is in, ours included: 1 on a host without containers. */
  readonly depth: number;
  /** Effective. */
  readonly uid: number;
  /** Cleaned and cut. */
  readonly command: string;
  readonly pidNamespace?: number;
}

/** Facts by pid of those that are still there. */
export type LearnFacts = (stats: readonly PidStat[]) => Promise<ReadonlyMap<number, ProcessFacts>>;

/** Read again at the latest after so many readings: exec shows by its comm, setuid by this. */
const READINGS = 16;
const LONGEST_COMMAND = 4_096;
const LINKS_AT_ONCE = 32;

export function createLearnFacts(proc: string, readFiles: ReadFiles): LearnFacts {
  let remembered: ReadonlyMap<number, { facts: ProcessFacts; reading: number }> = new Map();
  let reading = 0;
  return async (stats) => {
    reading++;
    const now = new Map<number, { facts: ProcessFacts; reading: number }>();
    const unknown: PidStat[] = [];
    for (const stat of stats) {
      const old = remembered.get(stat.pid);
      const isSame = old?.facts.startTime === stat.starttime && old.facts.comm === stat.comm;
      if (old && isSame && reading - old.reading < READINGS) now.set(stat.pid, old);
      else unknown.push(stat);
    }
    const [texts, namespaces] = await Promise.all([
      readFiles(unknown.flatMap(({ pid }) => [join(proc, `${pid}/status`), join(proc, `${pid}/cmdline`)])),
      pidNamespaces(proc, unknown),
    ]);
    unknown.forEach((stat, index) => {
      const facts = factsFrom(stat, texts[2 * index], texts[2 * index + 1], namespaces[index]);
      /** Of those that are new, each is due at another time. */
      const age = remembered.has(stat.pid) ? 0 : stat.pid % READINGS;
      if (facts) now.set(stat.pid, { facts, reading: reading - age });
    });
    remembered = now;
    return new Map([...now].map(([pid, { facts }]) => [pid, facts]));
  };
}

function factsFrom(
  { pid, comm, starttime }: PidStat,
  status: string | number | undefined,
  cmdline: string | number | undefined,
  pidNamespace: number | undefined,
): ProcessFacts | undefined {
  if (typeof status !== 'string') return undefined;
  const { NSpid, Uid } = parsePidStatus(status);
  return {
    startTime: starttime,
    comm,
    innerPid: NSpid.at(-1) ?? pid,
    depth: Math.max(1, NSpid.length),
    uid: Uid[1] ?? Number.NaN,
    command: commandOf(typeof cmdline === 'string' ? cmdline : '', comm),
    ...(pidNamespace !== undefined && { pidNamespace }),
  };
}

/** The command line, cleaned and cut; `[comm]` for one without (kernel threads, zombies). */
export function commandOf(cmdline: string, comm: string): string {
  const words = parseCmdline(cmdline.slice(0, LONGEST_COMMAND));
  return clean(words.join(' ')).trim() || `[${clean(comm)}]`;
}

async function pidNamespaces(proc: string, stats: readonly PidStat[]): Promise<(number | undefined)[]> {
  const inodes: (number | undefined)[] = [];
  for (let from = 0; from < stats.length; from += LINKS_AT_ONCE) {
    const part = stats.slice(from, from + LINKS_AT_ONCE);
    inodes.push(...(await Promise.all(part.map(({ pid }) => namespaceInode(join(proc, `${pid}/ns/pid`))))));
  }
  return inodes;
}

/** Undefined where it is not ours to see (EACCES), or a zombie's. */
const namespaceInode = (path: string): Promise<number | undefined> =>
  readlink(path).then(
    (text) => parseNamespaceLink(text)?.inode,
    () => undefined,
  );
