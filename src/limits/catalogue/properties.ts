/**
 * systemd's property assignments (`CPUQuota=20%`, `MemoryMax=infinity`) as flags of the catalogue: man
 * systemd.resource-control. The names and units are systemd's: a bandwidth counts in thousands, a plain time is seconds.
 */

import { nearest } from '../../text/near-names.ts';
import { BadValueError, isNone, parseWhole } from './units.ts';
import { weightOfCpuShares } from './weights.ts';

/** A flag and what is typed after it. */
interface Typed {
  readonly long: string;
  readonly text: string;
}

type Translate = (value: string) => Typed;

const flag =
  (long: string, reset: string): Translate =>
  (value) => ({ long, text: value === '' ? reset : value });

/** A time without a unit is in seconds. */
const seconds = (value: string): string => (/^[\d.]+$/.test(value) ? `${value}s` : value);

/** `/dev/sda 10M`: the device and its value; an empty value takes every device's away. */
const perDevice =
  (long: string, convert: (value: string) => string): Translate =>
  (value) => {
    if (value === '') return { long, text: 'max' };
    const words = value.replaceAll('"', '').trim().split(/\s+/);
    const [device, amount] = words;
    if (device === undefined || amount === undefined || words.length > 2)
      throw new BadValueError(`"${value}" is not a device and a value; give it as "/dev/sda 10M"`);
    return { long, text: `${device}:${convert(amount)}` };
  };

const BANDWIDTH = /^(\d+(?:\.\d+)?)([KMGT]?)$/;

/** The suffixes of systemd's bandwidths are powers of 1000. */
function bandwidth(value: string): string {
  if (isNone(value)) return 'max';
  const match = BANDWIDTH.exec(value);
  if (match === null) throw new BadValueError(`"${value}" is not a bandwidth; give one as 10M (of 1000s) or infinity`);
  return String(Math.floor(Number(match[1]) * 1000 ** ' KMGT'.indexOf(match[2] || ' ')));
}

const list: Translate = (value) => ({
  long: '--cpuset-cpus',
  text: value === '' ? 'max' : value.trim().replace(/[\s,]+/g, ','),
});

/** Properties that may be given once a device. */
const PER_DEVICE: Readonly<Record<string, Translate>> = {
  IODeviceWeight: perDevice('--io-weight', (value) => value),
  IOReadBandwidthMax: perDevice('--device-read-bps', bandwidth),
  IOWriteBandwidthMax: perDevice('--device-write-bps', bandwidth),
  IOReadIOPSMax: perDevice('--device-read-iops', bandwidth),
  IOWriteIOPSMax: perDevice('--device-write-iops', bandwidth),
  IODeviceLatencyTargetSec: perDevice('--io-latency', (value) => (isNone(value) ? 'max' : seconds(value))),
};

const TRANSLATIONS: Readonly<Record<string, Translate>> = {
  CPUQuota: (value) => {
    if (value !== '' && !value.endsWith('%')) throw new BadValueError(`"${value}" is not a CPUQuota; give it as 20%`);
    return { long: '--cpu', text: value || 'max' };
  },
  CPUQuotaPeriodSec: (value) => ({ long: '--cpu-period', text: value === '' ? '100ms' : seconds(value) }),
  CPUWeight: (value) =>
    value === 'idle' ? { long: '--cpu-idle', text: '1' } : { long: '--cpu-weight', text: value || '100' },
  CPUShares: (value) => ({
    long: '--cpu-weight',
    text: value === '' ? '100' : String(weightOfCpuShares(parseWhole(value, 2, 262_144))),
  }),
  AllowedCPUs: list,
  AllowedMemoryNodes: (value) => ({ ...list(value), long: '--cpuset-mems' }),
  MemoryMin: flag('--memory-min', '0'),
  MemoryLow: flag('--memory-low', '0'),
  MemoryHigh: flag('--memory-high', 'max'),
  MemoryMax: flag('--memory', 'max'),
  MemoryLimit: flag('--memory', 'max'),
  MemorySwapMax: flag('--swap', 'max'),
  MemoryZSwapMax: flag('--zswap', 'max'),
  MemoryZSwapWriteback: flag('--zswap-writeback', '1'),
  TasksMax: (value) => {
    if (value.endsWith('%')) throw new BadValueError(`"${value}": give TasksMax as a number or infinity`);
    return { long: '--pids', text: value === '' ? 'max' : value };
  },
  IOWeight: flag('--io-weight', '100'),
  ...PER_DEVICE,
};

export const PROPERTY_NAMES: readonly string[] = Object.keys(TRANSLATIONS);

export const isProperty = (name: string): boolean => Object.hasOwn(TRANSLATIONS, name);
export const isPerDevice = (name: string): boolean => Object.hasOwn(PER_DEVICE, name);

/** `name`: the property's own. Throws BadValueError. */
export function parseProperty(text: string): Typed & { readonly name: string } {
  const equals = text.indexOf('=');
  if (equals <= 0) throw new BadValueError(`"${text}" is not a property; give one as CPUQuota=20%`);
  const [name, value] = [text.slice(0, equals), text.slice(equals + 1).trim()];
  const translate = isProperty(name) ? TRANSLATIONS[name] : undefined;
  if (translate) return { name, ...translate(value) };
  const near = nearest(name, PROPERTY_NAMES);
  throw new BadValueError(
    `"${name}" is not a property that limits something; ${near.length > 0 ? `did you mean ${near.join(' or ')}?` : `one of ${PROPERTY_NAMES.join(', ')}`}`,
  );
}

/** The flag of systemd's name, where that is written as a flag: `--memory-limit`, `--tasks-max`. */
export const flagsOfProperty = (name: string): string[] =>
  PROPERTY_NAMES.filter((known) => letters(known) === letters(name)).map((known) => parseProperty(`${known}=`).long);

const letters = (text: string): string => text.toLowerCase().replaceAll(/[^a-z]/g, '');
