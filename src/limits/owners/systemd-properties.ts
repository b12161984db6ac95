/**
 * The kernel's files as systemd's properties, with their types on the bus (man org.freedesktop.systemd1; src/core/dbus-cgroup.c).
 * A file that is not here has no property, or none in every version in use: MemoryZSwapMax came with 253, CPUWeight=idle with 252.
 */

import { existsSync } from 'node:fs';
import { parseCpuMax } from '../../kernel/cpu-max.ts';
import { parseCpuList } from '../../kernel/cpuset.ts';
import { deviceName } from '../../kernel/io-devices.ts';
import { parseNestedKeyed } from '../../kernel/nested-keyed.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { USEC_PER_SECOND } from '../../kernel/time-units.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { parseIoWeight } from '../../kernel/weight.ts';
import type { UnitProperty } from './systemd-manager.ts';

/** systemd's "no limit" in a property of type t. */
const INFINITY = 2n ** 64n - 1n;
/** CPUQuota= is kept as whole percents, so a value between two would change at the next daemon-reload. */
const QUOTA_STEP_USEC = 10_000;

type Pairs = readonly (readonly [device: string, value: bigint])[];

/** A property, and its value as unit files and systemctl spell it. */
export interface Property {
  readonly name: string;
  readonly type: 't' | 'ay' | 'a(st)';
  readonly value: bigint | Buffer | Pairs;
  /** `MemoryMax=infinity`: what the Plan shows. */
  readonly text: string;
  /** For `systemctl set-property`, which takes some in other units, and a list one by one. */
  readonly assignments: readonly string[];
}

const figure = (value: number): bigint => (value === NO_LIMIT ? INFINITY : BigInt(value));
const shown = (value: bigint): string => (value === INFINITY ? 'infinity' : String(value));

function plain(name: string, value: bigint, assignment = `${name}=${shown(value)}`): Property {
  return { name, type: 't', value, text: `${name}=${shown(value)}`, assignments: [assignment] };
}

const single =
  (name: string) =>
  (text: string): Property[] => [plain(name, figure(parseSingleValue(text)))];

/** Ids as a bit mask, the lowest byte first; none resets it. */
function mask(name: string, text: string): Property {
  const ids = parseCpuList(text);
  const bytes = Buffer.alloc(ids.length === 0 ? 0 : Math.floor(Math.max(...ids) / 8) + 1);
  for (const id of ids) bytes[id >> 3] = (bytes[id >> 3] ?? 0) | (1 << (id & 7));
  return { name, type: 'ay', value: bytes, text: `${name}=${text}`, assignments: [`${name}=${text}`] };
}

/** systemd wants a path; the links of /dev/block are made by udev. */
function nodeOf(device: string): string {
  const node = `/dev/${deviceName('/sys', device) ?? `block/${device}`}`;
  return existsSync(node) ? node : `/dev/block/${device}`;
}

/** A list by device. Lists are appended to, so that it is emptied first, which takes the limits of all devices away. */
function byDevice(name: string, pairs: Pairs, typed: (value: bigint) => string = shown, typedName = name): Property[] {
  const empty: Property = { name, type: 'a(st)', value: [], text: `${name}=`, assignments: [`${typedName}=`] };
  if (pairs.length === 0) return [empty];
  const text = `${name}=${pairs.map(([device, value]) => `${device} ${shown(value)}`).join(', ')}`;
  const assignments = pairs.map(([device, value]) => `${typedName}=${device} ${typed(value)}`);
  return [
    { ...empty, text: '' },
    { name, type: 'a(st)', value: pairs, text, assignments },
  ];
}

const IO_MAX: readonly (readonly [key: string, property: string])[] = [
  ['rbps', 'IOReadBandwidthMax'],
  ['wbps', 'IOWriteBandwidthMax'],
  ['riops', 'IOReadIOPSMax'],
  ['wiops', 'IOWriteIOPSMax'],
];

const PROPERTIES: Readonly<Record<string, (text: string) => Property[]>> = {
  'cpu.max': (text) => {
    const { quota, period } = parseCpuMax(text);
    const perSecond = quota === NO_LIMIT ? INFINITY : BigInt(Math.round((quota / period) * USEC_PER_SECOND));
    const percent = perSecond === INFINITY ? '' : `${Number(perSecond) / QUOTA_STEP_USEC}%`;
    return [
      plain('CPUQuotaPerSecUSec', perSecond, `CPUQuota=${percent}`),
      plain('CPUQuotaPeriodUSec', BigInt(period), `CPUQuotaPeriodSec=${period}us`),
    ];
  },
  // An idle cgroup shows 0, which would be CPUWeight=idle: cpu.idle is written for itself.
  'cpu.weight': (text) => [plain('CPUWeight', BigInt(Math.max(1, parseSingleValue(text))))],
  'cpuset.cpus': (text) => [mask('AllowedCPUs', text)],
  'cpuset.mems': (text) => [mask('AllowedMemoryNodes', text)],
  'memory.max': single('MemoryMax'),
  'memory.high': single('MemoryHigh'),
  'memory.low': single('MemoryLow'),
  'memory.min': single('MemoryMin'),
  'memory.swap.max': single('MemorySwapMax'),
  'pids.max': single('TasksMax'),
  'io.weight': (text) => {
    const { default: weight, devices } = parseIoWeight(text);
    const own = Array.from(devices, ([device, value]) => [nodeOf(device), BigInt(value)] as const);
    return [plain('IOWeight', BigInt(weight)), ...byDevice('IODeviceWeight', own)];
  },
  'io.max': (text) => {
    const disks = [...parseNestedKeyed(text)];
    return IO_MAX.flatMap(([key, name]) => {
      const limited = disks.filter(([, figures]) => (figures.get(key) ?? NO_LIMIT) !== NO_LIMIT);
      return byDevice(
        name,
        limited.map(([disk, figures]) => [nodeOf(disk), figure(figures.get(key) ?? NO_LIMIT)] as const),
      );
    });
  },
  'io.latency': (text) => {
    const disks = [...parseNestedKeyed(text)];
    const targets = disks.map(([disk, figures]) => [nodeOf(disk), figure(figures.get('target') ?? NO_LIMIT)] as const);
    return byDevice('IODeviceLatencyTargetUSec', targets, (value) => `${value}us`, 'IODeviceLatencyTargetSec');
  },
};

/** Without a property above, and yet written by systemd, in versions that know one, when it reloads. */
const KNOWN_TO_SOME = ['cpu.idle', 'memory.zswap.max', 'memory.zswap.writeback'];

/** Whether a daemon-reload may take a raw write back; the others last until the unit restarts. */
export const isRewritten = (file: string): boolean => hasProperty(file) || KNOWN_TO_SOME.includes(file);

export const hasProperty = (file: string): boolean => Object.hasOwn(PROPERTIES, file);

export const propertiesOf = (file: string, text: string): Property[] => PROPERTIES[file]?.(text) ?? [];

/** As the bus takes them. */
export const onBus = ({ name, type, value }: Property): UnitProperty => [name, type, value];

/** The text that systemd can keep. */
export function keepable(file: string, text: string): string {
  // TasksMax=0 is refused.
  if (file === 'pids.max' && text === '0') return '1';
  if (file !== 'cpu.max') return text;
  const { quota, period } = parseCpuMax(text);
  if (quota === NO_LIMIT) return text;
  const perSecond = Math.ceil(Math.round((quota / period) * USEC_PER_SECOND) / QUOTA_STEP_USEC) * QUOTA_STEP_USEC;
  return `${Math.round((perSecond / USEC_PER_SECOND) * period)} ${period}`;
}
