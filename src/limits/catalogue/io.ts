/**
 * Limits of the io controller, each by disk. Ranges: block/blk-throttle.c (tg_set_limit), blk-iolatency.c, blk-ioprio.c.
 *
 *     io.max      8:16 rbps=2097152 wbps=max riops=max wiops=120      a disk without any limit has no line
 *     io.latency  8:16 target=75000
 */

import { formatNestedLine, parseNestedKeyed } from '../../kernel/nested-keyed.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { bytesText } from '../../text/bytes.ts';
import type { Devices, Edit, Limit, LimitFlag } from '../model.ts';
import { openDevices } from './devices.ts';
import { IO_WEIGHT_LIMITS } from './io-weight.ts';
import { become, homeOf, trimmed } from './limit.ts';
import { changedLines, joinedLines, linesByKey, sameLines, splitPair } from './lines.ts';
import { BadValueError, isNone, parseDuration, parseSize, parseWhole } from './units.ts';

const KEYS = ['rbps', 'wbps', 'riops', 'wiops'] as const;
type IoKey = (typeof KEYS)[number];

/** The kernel refuses 0 and 1. */
const LEAST_RATE = 2;
/** The kernel reads larger numbers as "no limit". */
const MOST_IOPS = 2 ** 32 - 2;

type Figures = Map<string, Map<string, number>>;

const formatIoMax = (disks: Figures): string =>
  [...disks]
    .map(([disk, figures]) => [disk, KEYS.map((key) => [key, figures.get(key) ?? NO_LIMIT] as const)] as const)
    .filter(([, entries]) => entries.some(([, value]) => value !== NO_LIMIT))
    .map(([disk, entries]) => formatNestedLine(disk, entries))
    .join('\n');

const canonical = (text: string): string => formatIoMax(parseNestedKeyed(text));

function parseRate(key: IoKey, text: string): number {
  if (isNone(text)) return NO_LIMIT;
  const rate = key.endsWith('iops') ? parseWhole(text, 0, MOST_IOPS) : parseSize(text);
  if (rate < LEAST_RATE)
    throw new BadValueError(`"${text}" is below the kernel's minimum of ${LEAST_RATE}; give max for no limit`);
  return rate;
}

/** Sets keys of the disks; the other keys and the other disks stay. */
function ioMaxEdit(device: string, rates: readonly (readonly [IoKey, number])[], devices: Devices): Edit {
  const { disks, note } = devices.disksOf(device);
  return {
    ...(note ? { note } : {}),
    after: (before) => {
      const lines = parseNestedKeyed(before);
      for (const { device: disk } of disks) lines.set(disk, new Map([...(lines.get(disk) ?? []), ...rates]));
      return formatIoMax(lines);
    },
  };
}

/** `max` without a device: the key's limit of every disk that has one is taken away. */
const clearKeys = (keys: readonly IoKey[]): Edit => ({
  after: (before) => {
    const lines = parseNestedKeyed(before);
    for (const figures of lines.values()) for (const key of keys) figures.set(key, NO_LIMIT);
    return formatIoMax(lines);
  },
});

function rateFlag(key: IoKey, long: string, what: string): LimitFlag {
  const example = key.endsWith('bps') ? '/dev/sda:10mb' : '/dev/sda:1000';
  return {
    long,
    value: '<device:rate>',
    repeatable: true,
    part: key,
    help: `most ${what} a second on a disk: ${example}, /srv:max; max alone for all disks`,
    parse: (text, _, devices = openDevices()) => {
      if (isNone(text)) return clearKeys([key]);
      const [device, value] = splitPair(text, example);
      return ioMaxEdit(device, [[key, parseRate(key, value)]], devices);
    },
  };
}

/** `/dev/sda rbps=10M wiops=120`: the kernel's own grammar, with sizes and any way to name a disk. */
const parseIoMaxLine: LimitFlag['parse'] = (text, _, devices = openDevices()) => {
  if (isNone(text)) return clearKeys(KEYS);
  const [device = '', ...words] = text.split(/[\s,]+/).filter((word) => word !== '');
  const rates = words.map((word): readonly [IoKey, number] => {
    const [name, value, ...rest] = word.split('=');
    const key = KEYS.find((known) => known === name);
    if (key === undefined || value === undefined || rest.length > 0)
      throw new BadValueError(`"${word}" is not one of ${KEYS.map((known) => `${known}=RATE`).join(', ')}`);
    return [key, parseRate(key, value)];
  });
  if (rates.length === 0) throw new BadValueError(`"${text}" names no rate; give it as "/dev/sda rbps=10M wiops=120"`);
  return ioMaxEdit(device, rates, devices);
};

const ioMax: Limit = {
  ...homeOf('io.max'),
  flags: [
    rateFlag('rbps', '--device-read-bps', 'bytes read'),
    rateFlag('wbps', '--device-write-bps', 'bytes written'),
    rateFlag('riops', '--device-read-iops', 'reads'),
    rateFlag('wiops', '--device-write-iops', 'writes'),
    {
      long: '--io-max',
      value: '<device rates>',
      repeatable: true,
      part: 'line',
      help: 'several of them as the kernel spells them: "/dev/sda rbps=10M wiops=120"; max takes all away',
      parse: parseIoMaxLine,
    },
  ],
  unset: '',
  hasColumn: true,
  rounded: canonical,
  same: (text, written) => sameLines(canonical(text), canonical(written)),
  commands: (before, after) =>
    changedLines(canonical(before), canonical(after), (disk) =>
      formatNestedLine(
        disk,
        KEYS.map((key) => [key, NO_LIMIT] as const),
      ),
    ),
  describe: (text) => {
    const disks = [...parseNestedKeyed(text)].map(([disk, figures]) => {
      const rates = [...figures].filter(([, value]) => value !== NO_LIMIT);
      return `${disk} ${rates.map(([key, value]) => `${key} ${key.endsWith('bps') ? bytesText(value) : value}/s`).join(', ')}`;
    });
    return disks.length === 0 ? 'no limit' : disks.join('; ');
  },
};

const ioLatency: Limit = {
  ...homeOf('io.latency'),
  needs: 'CONFIG_BLK_CGROUP_IOLATENCY',
  flags: [
    {
      long: '--io-latency',
      value: '<device:time>',
      repeatable: true,
      help: 'latency kept for it by slowing others: /dev/sda:25ms, /dev/sda:max for none',
      parse: (text, _, devices = openDevices()) => {
        const [device, value] = splitPair(text, '/dev/sda:25ms');
        const target = isNone(value) ? 0 : parseDuration(value);
        if (target === 0 && !isNone(value))
          throw new BadValueError(`"${text}" is no latency target; give max for none`);
        const { disks, note } = devices.disksOf(device);
        return {
          ...(note ? { note } : {}),
          after: (before) => {
            const lines = linesByKey(before);
            for (const { device: disk } of disks) {
              if (target === 0) lines.delete(disk);
              else lines.set(disk, `${disk} target=${target}`);
            }
            return joinedLines(lines);
          },
        };
      },
    },
  ],
  unset: '',
  rounded: trimmed,
  same: sameLines,
  commands: (before, after) => changedLines(before, after, (disk) => `${disk} target=0`),
  describe: (text) => [...linesByKey(text).values()].join('; ') || 'no target',
};

const PRIORITIES = ['no-change', 'promote-to-rt', 'restrict-to-be', 'idle', 'none-to-rt'];

const ioPrioClass: Limit = {
  ...homeOf('io.prio.class'),
  needs: 'CONFIG_BLK_CGROUP_IOPRIO',
  flags: [
    {
      long: '--io-prio-class',
      value: '<class>',
      help: 'io priority of its requests: no-change, promote-to-rt, restrict-to-be, idle',
      parse: (text) => {
        if (PRIORITIES.includes(text)) return become(text);
        throw new BadValueError(`"${text}" is not a priority class; one of ${PRIORITIES.slice(0, 4).join(', ')}`);
      },
    },
  ],
  unset: 'no-change',
  rounded: trimmed,
  describe: trimmed,
};

export const IO_LIMITS: readonly Limit[] = [ioMax, ...IO_WEIGHT_LIMITS, ioLatency, ioPrioClass];
