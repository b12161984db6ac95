/**
 * The disks of a look: /proc/diskstats, how many requests each holds, and who sends them (io.stat).
 *
 *     254 0 vda 1038 5 96754 1247 312 160 45200 2086 0 1900 3333 0 0 0 0 27 12
 *     major minor name | reads merged sectors ms | writes merged sectors ms | in-flight io_ticks weighted | discards … | flushes ms
 */

import { join } from 'node:path';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import { readText } from '../../kernel/if-there.ts';
import { parseNestedKeyed } from '../../kernel/nested-keyed.ts';
import type { ReadFiles } from '../../kernel/read-files.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import type { DiskLoad, DiskUse, IoLimit } from './model.ts';

/** Since boot. Sectors are of 512 bytes, times in milliseconds. */
export interface DiskCounters {
  readonly device: string;
  readonly name: string;
  readonly operations: number;
  readonly sectors: number;
  /** Time with any request in flight. */
  readonly busyMs: number;
  /** Time that requests were in flight, summed over them. */
  readonly weightedMs: number;
  readonly flushes: number;
}

export function parseDiskstats(text: string): DiskCounters[] {
  return text.split('\n').flatMap((line) => {
    const [major, minor, name, ...fields] = line.trim().split(/\s+/);
    if (name === undefined || fields.length < 11) return [];
    const field = (number: number): number => parseSingleValue(fields[number - 1]);
    return {
      device: `${major}:${minor}`,
      name,
      operations: field(1) + field(5),
      sectors: field(3) + field(7),
      busyMs: field(10),
      weightedMs: field(11),
      flushes: fields.length >= 17 ? field(16) : Number.NaN,
    };
  });
}

/** The texts of one end of a look. */
export interface DisksReading {
  readonly time: number;
  readonly diskstats: readonly DiskCounters[];
  /** io.stat by path: device, key, figure. */
  readonly byGroup: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, number>>>;
}

export interface DiskPlaces {
  readonly proc: string;
  readonly mount: string;
  readonly readFiles: ReadFiles;
}

export async function readDisks(places: DiskPlaces, paths: readonly string[], time: number): Promise<DisksReading> {
  const { proc, mount, readFiles } = places;
  const [diskstats = '', ...texts] = await readFiles([
    join(proc, 'diskstats'),
    ...paths.map((path) => join(mount, path, 'io.stat')),
  ]);
  return {
    time,
    diskstats: typeof diskstats === 'string' ? parseDiskstats(diskstats) : [],
    byGroup: new Map(
      paths.flatMap((path, index) => {
        const text = texts[index];
        return typeof text === 'string' ? [[path, parseNestedKeyed(text)] as const] : [];
      }),
    ),
  };
}

const SECTOR = 512;

/** Whole disks that did something between two readings. */
export function disksBetween(before: DisksReading, after: DisksReading, sys = '/sys'): DiskLoad[] {
  const milliseconds = after.time - before.time;
  const seconds = milliseconds / 1000;
  return after.diskstats.flatMap((disk): DiskLoad[] => {
    const old = before.diskstats.find(({ device }) => device === disk.device);
    const isBusy = old && (disk.operations > old.operations || disk.weightedMs > old.weightedMs);
    if (!old || !isBusy || !isWholeDisk(sys, disk.name)) return [];
    return [
      {
        device: disk.device,
        name: disk.name,
        depth: depthOf(sys, disk.name),
        rotational: readText(queueFile(sys, disk.name, 'rotational')).trim() === '1',
        operations: (disk.operations - old.operations) / seconds,
        bytes: ((disk.sectors - old.sectors) * SECTOR) / seconds,
        queue: (disk.weightedMs - old.weightedMs) / milliseconds,
        utilisation: Math.min(1, (disk.busyMs - old.busyMs) / milliseconds),
        flushes: (disk.flushes - old.flushes) / seconds,
        byGroup: usesOf(disk.device, before, after, seconds),
      },
    ];
  });
}

function usesOf(device: string, before: DisksReading, after: DisksReading, seconds: number): Map<string, DiskUse> {
  const uses = new Map<string, DiskUse>();
  for (const [path, devices] of after.byGroup) {
    const now = devices.get(device);
    const old = before.byGroup.get(path)?.get(device);
    if (!now) continue;
    // The kernel leaves out what is zero.
    const rate = (key: string): number => Math.max(0, ((now.get(key) ?? 0) - (old?.get(key) ?? 0)) / seconds);
    const [reads, writes, readBytes, writtenBytes] = [rate('rios'), rate('wios'), rate('rbytes'), rate('wbytes')];
    if (reads + writes === 0) continue;
    const sums = { operations: reads + writes, bytes: readBytes + writtenBytes };
    uses.set(path, { ...sums, reads, writes, readBytes, writtenBytes });
  }
  return uses;
}

const queueFile = (sys: string, name: string, file: string): string =>
  join(sys, 'block', name.replaceAll('/', '!'), 'queue', file);

const isWholeDisk = (sys: string, name: string): boolean => readText(queueFile(sys, name, 'nr_requests')) !== '';

/** Requests that the device takes at once: SCSI's queue_depth, else what its queue holds. */
function depthOf(sys: string, name: string): number {
  const depths = [
    readText(join(sys, 'block', name.replaceAll('/', '!'), 'device/queue_depth')),
    readText(queueFile(sys, name, 'nr_requests')),
  ].map(parseSingleValue);
  return depths.find((depth) => depth > 0) ?? Number.NaN;
}

/** The smallest limits of io.max over a cgroup and its ancestors. */
export async function readIoLimits({ mount, readFiles }: DiskPlaces, path: string): Promise<IoLimit[]> {
  const paths = [path, ...ancestorsOf(path)];
  const texts = await readFiles(paths.map((at) => join(mount, at, 'io.max')));
  const least = new Map<string, IoLimit>();
  paths.forEach((from, index) => {
    const text = texts[index];
    if (typeof text !== 'string') return;
    for (const [device, figures] of parseNestedKeyed(text)) {
      for (const key of ['rbps', 'wbps', 'riops', 'wiops'] as const) {
        const value = figures.get(key) ?? NO_LIMIT;
        const known = least.get(`${device} ${key}`);
        if (value < (known?.value ?? NO_LIMIT)) least.set(`${device} ${key}`, { device, key, value, from });
      }
    }
  });
  return [...least.values()];
}
