/**
 * What the network namespace of a process sent, sent again and dropped, and how full the machine's links are.
 *
 *     /proc/PID/net/snmp       Tcp: … OutSegs RetransSegs …      (names, then a line of figures)
 *                              Tcp: … 1234    5           …
 *     /proc/PID/net/dev        ./../../kernel/net-dev.ts
 *     /sys/class/net/IF/speed  megabits a second; -1 or EINVAL where the link has none or is down
 */

import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseProcs } from '../../kernel/cgroup-procs.ts';
import { readText } from '../../kernel/if-there.ts';
import { parseNetDev } from '../../kernel/net-dev.ts';
import type { ReadFiles } from '../../kernel/read-files.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import type { NetworkUse } from './model.ts';

export interface NetworkCounters {
  readonly pid: number;
  readonly sent: number;
  readonly resent: number;
  readonly received: number;
  readonly dropped: number;
  readonly isOwn: boolean;
}

/** A figure of /proc/PID/net/snmp; NaN where it is not there. */
export function parseSnmp(text: string, protocol: string, key: string): number {
  const [names = '', figures = ''] = text.split('\n').filter((line) => line.startsWith(`${protocol}: `));
  return parseSingleValue(figures.split(' ')[names.split(' ').indexOf(key)]);
}

/** Through the first process of the cgroup; undefined where it has none or may not be asked. */
export async function readNetwork(
  { proc, mount, readFiles }: { readonly proc: string; readonly mount: string; readonly readFiles: ReadFiles },
  path: string,
  before?: NetworkCounters,
): Promise<NetworkCounters | undefined> {
  const [procs] = await readFiles([join(mount, path, 'cgroup.procs')]);
  const pids = typeof procs === 'string' ? parseProcs(procs).pids : [];
  const pid = pids.find((one) => one === before?.pid) ?? pids[0];
  if (pid === undefined) return undefined;
  const files = ['net/snmp', 'net/dev'].map((file) => join(proc, `${pid}`, file));
  const [snmp, dev] = await readFiles(files);
  if (typeof snmp !== 'string' || typeof dev !== 'string') return undefined;
  const interfaces = [...parseNetDev(dev)].filter(([name]) => name !== 'lo').map(([, counters]) => counters);
  return {
    pid,
    sent: parseSnmp(snmp, 'Tcp', 'OutSegs'),
    resent: parseSnmp(snmp, 'Tcp', 'RetransSegs'),
    received: interfaces.reduce((sum, { rxPackets }) => sum + rxPackets, 0),
    dropped: interfaces.reduce((sum, { rxDrop, txDrop }) => sum + rxDrop + txDrop, 0),
    // The file's inode tells network namespaces apart, for anybody; the link in /proc/PID/ns is not for all to follow.
    isOwn: inodeOf(join(proc, `${pid}/net/dev`)) !== inodeOf(join(proc, '1/net/dev')),
  };
}

/** Bytes so far of the machine's own devices, by name; those of containers and bridges only pass on what these carry. */
export type Links = ReadonlyMap<string, { readonly received: number; readonly sent: number; readonly speed: number }>;

/** `speed`: bytes a second, each way. */
export function readLinks(proc: string, sys = '/sys'): Links {
  return new Map(
    [...parseNetDev(readText(join(proc, '1/net/dev')))].flatMap(([name, { rxBytes, txBytes }]) => {
      const directory = join(sys, 'class/net', name);
      const megabits = existsSync(join(directory, 'device')) ? parseSingleValue(readText(join(directory, 'speed'))) : 0;
      return megabits > 0 ? [[name, { received: rxBytes, sent: txBytes, speed: (megabits * 1e6) / 8 }] as const] : [];
    }),
  );
}

/** 0 to 1: how much of the fullest link was used, the busier way of it; NaN where no link has a speed. */
export function linkShareBetween(before: Links, after: Links, seconds: number): number {
  const shares = [...after].flatMap(([name, { received, sent, speed }]) => {
    const old = before.get(name);
    return old ? [Math.max(received - old.received, sent - old.sent) / seconds / speed] : [];
  });
  return shares.length > 0 ? Math.max(...shares) : Number.NaN;
}

export function networkBetween(
  before: NetworkCounters | undefined,
  after: NetworkCounters | undefined,
  linkShare: number,
): NetworkUse | undefined {
  if (!before || !after || before.pid !== after.pid) return undefined;
  const change = (key: 'sent' | 'resent' | 'received' | 'dropped'): number => after[key] - before[key];
  return {
    sent: change('sent'),
    resent: change('resent'),
    received: change('received'),
    dropped: change('dropped'),
    linkShare,
    isOwn: after.isOwn,
  };
}

function inodeOf(path: string): number {
  try {
    return statSync(path).ino;
  } catch {
    return Number.NaN;
  }
}
