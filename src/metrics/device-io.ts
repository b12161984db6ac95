/**
 * What one cgroup reads and writes on each device, from io.stat, and what limits it there: the smallest io.max over the
 * cgroup and its ancestors. What goes to a device that lies on another (dm over a disk) is counted on both.
 */

import { join } from 'node:path';
import { ancestorsOf } from '../kernel/cgroup-path.ts';
import { deviceName, isStacked, readBlockDevice } from '../kernel/io-devices.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { parseNestedKeyed } from '../kernel/nested-keyed.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
import { NO_LIMIT } from '../kernel/value.ts';
import { believe, type Counters, ratePerSecond } from './counters.ts';

/** As io.stat has them, and the limit of each as io.max has it. */
export const DEVICE_FIGURES = [
  { key: 'rbytes', limit: 'rbps', name: 'read', unit: 'bytes_per_second' },
  { key: 'wbytes', limit: 'wbps', name: 'write', unit: 'bytes_per_second' },
  { key: 'rios', limit: 'riops', name: 'reads', unit: 'ops_per_second' },
  { key: 'wios', limit: 'wiops', name: 'writes', unit: 'ops_per_second' },
] as const;

export type DeviceFigure = (typeof DEVICE_FIGURES)[number]['key'];

export interface DeviceIo {
  /** `MAJ:MIN` */
  readonly device: string;
  /** `sda`; `MAJ:MIN` of a device that is gone. */
  readonly name: string;
  /** What it lies on (`sda`, a file), where its bytes are counted again; none for a disk. */
  readonly below: readonly string[];
  /** A second; NaN without two readings, and where a counter fell or was missing. */
  readonly rates: Readonly<Record<DeviceFigure, number>>;
  /** Those that bind: the smallest of the ancestors, and the path of whose file it is. */
  readonly limits: readonly { readonly key: DeviceFigure; readonly value: number; readonly from: string }[];
}

/** The files at one time. */
export interface DeviceReadings {
  /** CLOCK_MONOTONIC milliseconds. */
  readonly time: number;
  /** io.stat by device, each in the order of DEVICE_FIGURES; undefined where it cannot be read. */
  readonly counters: ReadonlyMap<string, Counters> | undefined;
  /** io.max by path: of the cgroup and its ancestors, the nearest first. */
  readonly limits: readonly { readonly path: string; readonly text: string }[];
}

/** `before`: what was read of the same cgroup before. */
export async function readDeviceIo(
  mount: string,
  path: string,
  readFiles: ReadFiles,
  before?: DeviceReadings,
): Promise<DeviceReadings> {
  const paths = [path, ...ancestorsOf(path)];
  const [stat = 0, ...texts] = await readFiles([
    join(mount, path, 'io.stat'),
    ...paths.map((at) => join(mount, at, 'io.max')),
  ]);
  const time = monotonicMs();
  return {
    time,
    counters: typeof stat === 'string' ? deviceCounters(before?.counters, time, stat) : undefined,
    limits: paths.flatMap((at, index) => {
      const text = texts[index];
      return typeof text === 'string' ? [{ path: at, text }] : [];
    }),
  };
}

/** A device that had counters before and has none in this text is kept, in doubt. */
export function deviceCounters(
  before: ReadonlyMap<string, Counters> | undefined,
  time: number,
  stat: string,
): ReadonlyMap<string, Counters> {
  const devices = parseNestedKeyed(stat);
  const counters = new Map<string, Counters>();
  for (const device of new Set([...devices.keys(), ...(before?.keys() ?? [])])) {
    const figures = devices.get(device);
    // The kernel leaves out what is zero.
    const values = DEVICE_FIGURES.map(({ key }) => figures?.get(key) ?? 0);
    const known = before?.get(device);
    if (known || values.some((value) => value !== 0)) counters.set(device, believe(known, time, values));
  }
  return counters;
}

/** Disks first, then what lies on them; each group in the order of io.stat. None of those without figures and limits. */
export function deviceIo(before: DeviceReadings | undefined, now: DeviceReadings, sysRoot = '/sys'): DeviceIo[] {
  const limits = now.limits.map(({ path, text }) => ({ path, byDevice: parseNestedKeyed(text) }));
  const devices = new Set([
    ...[...(now.counters ?? [])].flatMap(([device, { values }]) =>
      values.some((value) => value !== 0) ? [device] : [],
    ),
    ...limits.flatMap(({ byDevice }) => [...byDevice.keys()]),
  ]);
  const found = [...devices].map((device): DeviceIo => {
    const [old, current] = [countersOf(before, device), countersOf(now, device)];
    const rate = (key: DeviceFigure): number =>
      current
        ? ratePerSecond(
            old,
            current,
            DEVICE_FIGURES.findIndex((figure) => figure.key === key),
          )
        : Number.NaN;
    return {
      device,
      ...placeOf(sysRoot, device),
      rates: { rbytes: rate('rbytes'), wbytes: rate('wbytes'), rios: rate('rios'), wios: rate('wios') },
      limits: DEVICE_FIGURES.flatMap(({ key, limit }) => {
        const [least, ...others] = limits.flatMap(({ path, byDevice }) => {
          const value = byDevice.get(device)?.get(limit) ?? NO_LIMIT;
          return value < NO_LIMIT ? [{ key, value, from: path }] : [];
        });
        return least ? [others.reduce((best, one) => (one.value < best.value ? one : best), least)] : [];
      }),
    };
  });
  return [...found.filter(({ below }) => below.length === 0), ...found.filter(({ below }) => below.length > 0)];
}

/** A device that io.stat does not list has read and written nothing. */
const countersOf = (readings: DeviceReadings | undefined, device: string): Counters | undefined =>
  readings?.counters &&
  (readings.counters.get(device) ?? { time: readings.time, values: DEVICE_FIGURES.map(() => 0), doubted: 0 });

function placeOf(sysRoot: string, device: string): Pick<DeviceIo, 'name' | 'below'> {
  const facts = readBlockDevice(sysRoot, device);
  if (!facts) return { name: device, below: [] };
  const { name, disk, slaves, backingFile } = facts;
  if (!isStacked(facts)) return { name, below: [] };
  return {
    name,
    below:
      slaves.length > 0 ? slaves : disk !== undefined ? [deviceName(sysRoot, disk) ?? disk] : [backingFile ?? '--'],
  };
}
