/**
 * The process that stands for a row's network namespace: one of its own, whose /proc/PID/net shows the whole namespace
 * to anybody. Namespaces are told apart by the inode of that net/dev, which each has of its own: the link in
 * /proc/PID/ns, which says the same, may be followed by root and the process's own user only.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isWithin } from '../../kernel/cgroup-path.ts';
import { parseProcCgroup } from '../../kernel/proc-cgroup.ts';
import { errnoOf, type ReadFiles } from '../../kernel/read-files.ts';

export type NetnsPid =
  | {
      readonly pid: number;
      /** Tells network namespaces apart, as long as both are there. */
      readonly netns: number;
      /** In the network namespace of pid 1. */
      readonly isHost: boolean;
    }
  | { readonly pid: undefined; readonly missing: 'process' | 'single namespace' | number };

export interface NetnsPids {
  /** Looked for anew now and then; `missing` is an errno where a process was there but could not be asked. */
  of(row: { readonly path: string; readonly inode: number }): Promise<NetnsPid>;
  /**
   * net/dev through the process of each row, in one trip: its text, as long as the process is one of the row; else the errno,
   * 0 where it has gone or its pid is another process by now: another one is looked for next time.
   */
  netDev(
    rows: readonly { readonly path: string; readonly inode: number; readonly pid: number }[],
  ): Promise<(string | number)[]>;
  /** Forgets all others. */
  keep(inodes: ReadonlySet<number>): void;
}

/** Directories of a row's subtree that are asked for a process. */
const MOST_DIRECTORIES = 8;
/** Questions after which a row's process is looked for anew: its processes may have come, gone or changed namespace. */
const TRUSTED_READS = 10;

export interface NetnsPidsOptions {
  readonly mount: string;
  /** The cgroup that is mounted there: `Hierarchy.root`. */
  readonly root?: string;
  readonly proc: string;
  readonly readFiles: ReadFiles;
}

export function createNetnsPids({ mount, root, proc, readFiles }: NetnsPidsOptions): NetnsPids {
  const known = new Map<number, { netnsPid: NetnsPid; reads: number }>();
  /** That of the host, asked once for all rows that are looked for at the same time. */
  let host: number | undefined;

  async function firstPids(path: string): Promise<number[]> {
    const pids: number[] = [];
    const queue = [join(mount, path)];
    for (let asked = 0; queue.length > 0 && asked < MOST_DIRECTORIES; asked++) {
      const directory = queue.shift() ?? '';
      const [text] = await readFiles([join(directory, 'cgroup.procs')]);
      // Foreign pid namespaces read as 0: nothing to ask.
      const pid = typeof text === 'string' ? Number.parseInt(text, 10) : 0;
      if (pid > 0) pids.push(pid);
      queue.push(...subdirectories(directory));
    }
    return pids;
  }

  async function find(path: string): Promise<NetnsPid> {
    let found: NetnsPid = { pid: undefined, missing: 'process' };
    for (const pid of await firstPids(path)) {
      try {
        const netns = namespaceOf(proc, pid);
        host ??= hostNamespace(proc);
        if (found.pid !== undefined && found.netns !== netns) return { pid: undefined, missing: 'single namespace' };
        found = { pid, netns, isHost: netns === host };
      } catch (error) {
        // A process that ended meanwhile, or a zombie, is none.
        if (found.pid === undefined && errnoOf(error) !== ENOENT) found = { pid: undefined, missing: errnoOf(error) };
      }
    }
    return found;
  }

  return {
    async of({ inode, path }) {
      const old = known.get(inode);
      if (old && old.reads < TRUSTED_READS) {
        old.reads++;
        return old.netnsPid;
      }
      const netnsPid = await find(path);
      known.set(inode, { netnsPid, reads: 0 });
      return netnsPid;
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
      host = undefined;
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

/** A directory has two links and one of each below it, but on file systems that give each directory one. */
const LINKS_OF_LEAF = 2;

function subdirectories(directory: string): string[] {
  try {
    // Most cgroups are leaves, and a stat takes less than a list of their files.
    if (statSync(directory).nlink === LINKS_OF_LEAF) return [];
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [join(directory, entry.name)] : []));
  } catch {
    return [];
  }
}
