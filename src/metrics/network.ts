/**
 * Network counters of a row: /proc/PID/net/dev of a process in it, which shows the whole network namespace of that
 * process. Rows in the host's namespace share its counters and get none; rows whose processes lie in several
 * namespaces get none either, since no file has their sum.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { isWithin } from '../kernel/cgroup-path.ts';
import { parseNetDev } from '../kernel/net-dev.ts';
import { parseProcCgroup } from '../kernel/proc-cgroup.ts';
import { errnoOf, type ReadFiles } from '../kernel/read-files.ts';
import { HOST_NETWORK, NO_PROCESS, SEVERAL_NETWORKS, type SnapshotRow } from './snapshot.ts';

export interface NetworkReading {
  readonly row: number;
  /** In the order of NETWORK_FILE's keys. */
  readonly counters: readonly number[];
  /** errno, or one of the codes of snapshot.ts. */
  readonly error: number;
  /** CLOCK_MONOTONIC milliseconds. */
  readonly time: number;
}

export interface NetworkReader {
  read(rows: readonly (SnapshotRow & { row: number })[]): Promise<NetworkReading[]>;
}

/** A process that stands for its row's namespace, or why there is none. */
type Spokesman = { readonly pid: number; readonly netns: string } | { readonly error: number };

/** Directories of a row's subtree that are asked for a process. */
const MOST_DIRECTORIES = 8;
/** Reads after which a row's process is looked for anew: its processes may have come, gone or changed namespace. */
const TRUSTED_READS = 10;

const UNKNOWN: readonly number[] = Array(6).fill(Number.NaN);

export function createNetworkReader(options: { mount: string; proc: string; readFiles: ReadFiles }): NetworkReader {
  const { mount, proc, readFiles } = options;
  const spokesmen = new Map<number, { spokesman: Spokesman; reads: number }>();

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

  async function findSpokesman(path: string): Promise<Spokesman> {
    const host = namespaceOf(1) ?? namespaceOf('self');
    let found: Spokesman = { error: NO_PROCESS };
    for (const pid of await firstPids(path)) {
      let netns: string;
      try {
        netns = readlinkSync(join(proc, String(pid), 'ns/net'));
      } catch (error) {
        found = { error: errnoOf(error) };
        continue;
      }
      if ('netns' in found && found.netns !== netns) return { error: SEVERAL_NETWORKS };
      found = { pid, netns };
    }
    return 'netns' in found && found.netns === host ? { error: HOST_NETWORK } : found;
  }

  function namespaceOf(pid: number | 'self'): string | undefined {
    try {
      return readlinkSync(join(proc, String(pid), 'ns/net'));
    } catch {
      return undefined;
    }
  }

  async function spokesmanOf({ inode, path }: SnapshotRow): Promise<Spokesman> {
    const known = spokesmen.get(inode);
    if (known && known.reads < TRUSTED_READS) {
      known.reads++;
      return known.spokesman;
    }
    const spokesman = await findSpokesman(path);
    spokesmen.set(inode, { spokesman, reads: 0 });
    return spokesman;
  }

  return {
    async read(rows) {
      const shown = new Set(rows.map(({ inode }) => inode));
      for (const inode of spokesmen.keys()) if (!shown.has(inode)) spokesmen.delete(inode);
      const found = await Promise.all(rows.map(async (row) => ({ row, spokesman: await spokesmanOf(row) })));
      const asked = found.flatMap(({ row, spokesman }) => ('pid' in spokesman ? [{ row, pid: spokesman.pid }] : []));
      const texts = await readFiles(asked.flatMap(({ pid }) => [`${proc}/${pid}/cgroup`, `${proc}/${pid}/net/dev`]));
      const time = Number(process.hrtime.bigint()) / 1e6;
      const readings = asked.map(({ row }, index): NetworkReading => {
        const [cgroup, netDev] = [texts[2 * index], texts[2 * index + 1]];
        const lives = typeof cgroup === 'string' && isWithin(parseProcCgroup(cgroup), row.path);
        if (!lives || typeof netDev !== 'string') {
          // Gone, or its pid is another process by now: look for another one next time.
          spokesmen.delete(row.inode);
          return { row: row.row, counters: UNKNOWN, error: typeof netDev === 'number' ? netDev : NO_PROCESS, time };
        }
        return { row: row.row, counters: sumOf(netDev), error: 0, time };
      });
      const without = found.flatMap(({ row, spokesman }): NetworkReading[] =>
        'error' in spokesman ? [{ row: row.row, counters: UNKNOWN, error: spokesman.error, time }] : [],
      );
      return [...readings, ...without];
    },
  };
}

/** Interfaces summed without the loopback, which carries nothing to anybody else. */
function sumOf(netDev: string): readonly number[] {
  const sum = [0, 0, 0, 0, 0, 0];
  for (const [name, { rxBytes, txBytes, rxPackets, txPackets, rxDrop, txDrop }] of parseNetDev(netDev)) {
    if (name === 'lo') continue;
    [rxBytes, txBytes, rxPackets, txPackets, rxDrop, txDrop].forEach((value, index) => {
      sum[index] = (sum[index] ?? 0) + value;
    });
  }
  return sum;
}

function subdirectories(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [join(directory, entry.name)] : [],
    );
  } catch {
    return [];
  }
}
