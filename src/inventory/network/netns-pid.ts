/**
 * The process that stands for a row's network namespace: one of its own, whose /proc/PID/net shows the whole namespace
 * to anybody. Namespaces are told apart by the inode of that net/dev, which each has of its own: the link in
 * /proc/PID/ns, which says the same, may be followed by root and the process's own user only.
 */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isWithin } from '../../kernel/cgroup-path.ts';
import { errnoOf } from '../../kernel/error-code.ts';
import { parseProcCgroup } from '../../kernel/proc-cgroup.ts';
import type { ReadFiles } from '../../kernel/read-files.ts';
import { isLeaf } from '../walk.ts';

export type NetnsPid =
  | {
      readonly pid: number;
      /** Tells network namespaces apart, as long as both are there. */
      readonly netns: number;
      /** In the network namespace of pid 1. */
      readonly isHost: boolean;
    }
  | { readonly pid: undefined; readonly missing: keyof typeof NETWORK_MISSING | number };

/** What a row lacks whose network cannot be told. */
export const NETWORK_MISSING = {
  process: 'it has no process whose network could be read',
  'single namespace': 'its processes are in several network namespaces',
} as const;

interface Cgroup {
  readonly path: string;
  readonly inode: number;
}

/** Of a row without a process. */
export const NOBODY: NetnsPid = { pid: undefined, missing: 'process' };

export interface NetnsPids {
  /** Of each row, looked for anew now and then; `missing` is an errno where a process was there but could not be asked. */
  of<Row extends Cgroup>(rows: readonly Row[]): Promise<{ readonly row: Row; readonly netnsPid: NetnsPid }[]>;
  /**
   * net/dev through the process of each row, in one trip: its text, as long as the process is one of the row; else the errno,
   * 0 where it has gone or its pid is another process by now: another one is looked for next time.
   */
  netDev(rows: readonly (Cgroup & { readonly pid: number })[]): Promise<(string | number)[]>;
  /** Forgets all others. */
  keep(inodes: ReadonlySet<number>): void;
}

/** Directories of a row's subtree that are asked for a process. */
const MOST_DIRECTORIES = 8;
/** Answers after which a row's process is looked for anew: its processes may have come, gone or changed namespace. */
const MOST_READS = 11;

export interface NetnsPidsOptions {
  readonly mount: string;
  /** The cgroup that is mounted there: `Hierarchy.root`. */
  readonly root?: string;
  readonly proc: string;
  readonly readFiles: ReadFiles;
}

export function createNetnsPids({ mount, root, proc, readFiles }: NetnsPidsOptions): NetnsPids {
  const known = new Map<number, { netnsPid: NetnsPid; reads: number }>();

  /** The first process of each cgroup, and of those below it, in one trip for all. */
  async function firstPids(paths: readonly string[]): Promise<number[][]> {
    const directories = paths.map((path) => directoriesFrom(join(mount, path)));
    const texts = await readFiles(directories.flat().map((directory) => join(directory, 'cgroup.procs')));
    let next = 0;
    return directories.map((of) =>
      of.flatMap(() => {
        const text = texts[next++];
        const pid = typeof text === 'string' ? Number.parseInt(text, 10) : 0;
        // Foreign pid namespaces read as 0: nothing to ask.
        return pid > 0 ? [pid] : [];
      }),
    );
  }

  function chosen(pids: readonly number[], host: number | undefined): NetnsPid {
    let found = NOBODY;
    for (const pid of pids) {
      try {
        const netns = namespaceOf(proc, pid);
        if (found.pid !== undefined && found.netns !== netns) return { pid: undefined, missing: 'single namespace' };
        found = { pid, netns, isHost: netns === host };
      } catch (error) {
        // A process that ended meanwhile, or a zombie, is none.
        if (found.pid === undefined && errnoOf(error) !== ENOENT) found = { pid: undefined, missing: errnoOf(error) };
      }
    }
    return found;
  }

  async function find(rows: readonly Cgroup[]): Promise<void> {
    const pids = await firstPids(rows.map(({ path }) => path));
    const host = hostNamespace(proc);
    for (const [index, { inode }] of rows.entries())
      known.set(inode, { netnsPid: chosen(pids[index] ?? [], host), reads: 0 });
  }

  return {
    async of(rows) {
      const due = rows.filter(({ inode }) => (known.get(inode)?.reads ?? MOST_READS) >= MOST_READS);
      if (due.length > 0) await find(due);
      return rows.map((row) => {
        const one = known.get(row.inode);
        if (one) one.reads++;
        return { row, netnsPid: one?.netnsPid ?? NOBODY };
      });
    },
    async netDev(rows) {
      const texts = await readFiles(rows.flatMap(({ pid }) => [`${proc}/${pid}/cgroup`, `${proc}/${pid}/net/dev`]));
      return rows.map(({ path, inode }, index) => {
        const [cgroup, netDev = 0] = [texts[2 * index], texts[2 * index + 1]];
        const lives = typeof cgroup === 'string' && isWithin(parseProcCgroup(cgroup, root), path);
        if (lives && typeof netDev === 'string') return netDev;
        known.delete(inode);
        return typeof netDev === 'number' ? netDev : 0;
      });
    },
    keep(inodes) {
      for (const inode of known.keys()) if (!inodes.has(inode)) known.delete(inode);
    },
  };
}

const ENOENT = 2;

/** Throws where there is no such process. Procfs answers from memory: a trip to a worker thread takes ten times the CPU. */
export const namespaceOf = (proc: string, pid: number | 'self'): number =>
  statSync(join(proc, String(pid), 'net/dev')).ino;

/** That of pid 1; ours, where pid 1 is hidden. */
function hostNamespace(proc: string): number | undefined {
  for (const pid of [1, 'self'] as const) {
    try {
      return namespaceOf(proc, pid);
    } catch {
      // It may not be seen.
    }
  }
  return undefined;
}

/** The directory and those below it, level by level. */
function directoriesFrom(top: string): string[] {
  const found = [top];
  for (let at = 0; at < found.length && found.length < MOST_DIRECTORIES; at++)
    found.push(...subdirectories(found[at] ?? '', MOST_DIRECTORIES - found.length));
  return found;
}

/** So many of them at most: there may be thousands. */
function subdirectories(directory: string, most: number): string[] {
  try {
    if (isLeaf(statSync(directory))) return [];
    const entries = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return entries.slice(0, most).map(({ name }) => join(directory, name));
  } catch {
    return [];
  }
}
