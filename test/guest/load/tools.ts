/** What the system's own tools and the kernel's files tell, to be compared with. */

import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { at, listOf } from '../../../src/inventory/names/json.ts';
import { MOUNT } from '../../boxes.ts';

export const text = (value: unknown, ...keys: string[]): string => String(at(value, ...keys));
export const figure = (value: unknown, ...keys: string[]): number => Number(at(value, ...keys));

export const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26 }).trim();

export const json = (program: string, ...args: string[]): unknown => JSON.parse(run(program, ...args));

/** What the engine itself tells of a container. */
export const inspect = (engine: 'docker' | 'podman', name: string): unknown => at(json(engine, 'inspect', name), '0');

/** Counters of an interface, as /proc/PID/net/dev has them: `eth0: rx_bytes rx_packets errs drop … tx_bytes tx_packets …`. */
export function netDev(
  pid: number,
  name: string,
): { rxBytes: number; rxPackets: number; txBytes: number; txPackets: number } {
  const figures = new RegExp(`^ *${name}: *(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/net/dev`, 'utf8'))?.[1] ?? '';
  const [rxBytes = Number.NaN, rxPackets = Number.NaN, , , , , , , txBytes = Number.NaN, txPackets = Number.NaN] =
    figures.split(/ +/).map(Number);
  return { rxBytes, rxPackets, txBytes, txPackets };
}

/** `PID ARGS` lines as `ps` gives them, by ARGS. */
export const byCommand = (lines: string): Map<string, string> =>
  new Map([...lines.matchAll(/^ *(\d+) +(.*?) *$/gm)].map(([, pid = '', command = '']) => [command, pid]));

/** Of those with a process that are not the host's: processes, the lowest PID, its user, the parent and the owner. */
export function namespacesByLsns(): Map<string, string> {
  const hosts = new Set(KINDS.map((kind) => namespaceOf(1, kind)));
  const columns = 'NS,TYPE,NPROCS,PID,UID,PNS,ONS';
  return new Map(
    listOf(at(json('lsns', '--json', '--output', columns), 'namespaces')).flatMap((one) => {
      if (figure(one, 'nprocs') === 0 || hosts.has(figure(one, 'ns'))) return [];
      const parts = ['nprocs', 'pid', 'uid', 'pns', 'ons'].map((key) => figure(one, key));
      return [[`${text(one, 'type')} ${text(one, 'ns')}`, parts.join(' ')]];
    }),
  );
}

export const KINDS = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'time', 'user', 'uts'] as const;

export const namespaceOf = (pid: number, kind: string): number =>
  Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/${kind}`))?.[0]);

export const diskUse = (folder: string): number => Number.parseInt(run('du', '-sx', '--block-size=1', folder), 10);

/** The first `key VALUE` of a file, the sum of `key=VALUE` over the disks, all of a file without keys, or a counter of eth0. */
export function kernelHas(path: string, pid: number, source: string): string {
  const [file = '', key] = source.split(' ');
  if (file === 'eth0') return text(netDev(pid, file), key ?? '');
  const whole = readFileSync(join(MOUNT, path, file), 'utf8').trim();
  if (key === undefined) return whole;
  const figures = [...whole.matchAll(new RegExp(`\\b${key}[ =](\\d+)`, 'g'))].map(([, digits]) => Number(digits));
  return String(file === 'io.stat' ? figures.reduce((sum, one) => sum + one, 0) : figures[0]);
}
