/**
 * Shares of a disk under contention: io.weight (iocost) and io.bfq.weight (the BFQ scheduler), and what iocost aims at.
 *
 *     default 100
 *     8:0 200          only where iocost, or BFQ, runs that disk
 */

import { formatIoCostLine, type IoCost, parseIoCost } from '../../kernel/io-cost.ts';
import { formatIoWeightLine, parseIoWeight } from '../../kernel/weight.ts';
import type { Edit, Limit, LimitFlag, RiskCheck } from '../model.ts';
import { openDevices } from './devices.ts';
import { homeOf, trimmed, warning, withoutSiblings } from './limit.ts';
import { changedLines, sameLines } from './lines.ts';
import { BadValueError, parseDuration, parsePercent, parseWhole } from './units.ts';
import { bfqOfIoWeight, ioWeightOfBlkio } from './weights.ts';

const formatIoWeight = ({ default: fallback, devices }: ReturnType<typeof parseIoWeight>): string =>
  [
    formatIoWeightLine('default', fallback),
    ...Array.from(devices, ([disk, weight]) => formatIoWeightLine(disk, weight)),
  ].join('\n');

/** A weight for all disks, or for the ones named; `undefined` takes their own away. */
function weightEdit(weight: number | undefined, disks: readonly string[] | undefined, note?: string): Edit {
  return {
    ...(note ? { note } : {}),
    after: (before) => {
      const { default: fallback, devices } = parseIoWeight(before === '' ? 'default 100' : before);
      const own = new Map(devices);
      if (disks === undefined) return formatIoWeight({ default: weight ?? 100, devices: own });
      for (const disk of disks) {
        if (weight === undefined) own.delete(disk);
        else own.set(disk, weight);
      }
      return formatIoWeight({ default: fallback, devices: own });
    },
  };
}

/** `200`, `/dev/sda:200`, `/dev/sda:default`. */
function weightParser(most: number, instead?: (weight: number) => number): LimitFlag['parse'] {
  return (text, _, devices = openDevices()) => {
    const colon = text.lastIndexOf(':');
    const value = text.slice(colon + 1);
    if (colon === 0) throw new BadValueError(`"${text}" names no device; give it as /dev/sda:200`);
    const weight = value === 'default' && colon > 0 ? undefined : parseWhole(value, 1, most);
    const found = colon < 0 ? undefined : devices.disksOf(text.slice(0, colon));
    const disks = found?.disks.map(({ device }) => device);
    const edit = weightEdit(weight, disks, found?.note);
    if (instead === undefined) return edit;
    const other = weight === undefined ? undefined : instead(weight);
    const note = `this kernel has no io.weight; io.bfq.weight${other === undefined ? '' : ` ${other}`} is set instead`;
    return { ...edit, instead: { file: 'io.bfq.weight', edit: weightEdit(other, disks, note) } };
  };
}

const parseBlkio: LimitFlag['parse'] = (text) => {
  const weight = parseWhole(text, 10, 1000);
  const ioWeight = ioWeightOfBlkio(weight);
  return {
    ...weightEdit(ioWeight, undefined, `--blkio-weight ${weight} is an io.weight of ${ioWeight}`),
    instead: {
      file: 'io.bfq.weight',
      preferred: true,
      edit: weightEdit(weight, undefined, 'set in io.bfq.weight, whose scale is that of --blkio-weight'),
    },
  };
};

function weightLimit(
  file: string,
  needs: string,
  flags: readonly LimitFlag[],
  risks: readonly RiskCheck[] = [],
): Limit {
  return {
    ...homeOf(file),
    needs,
    flags,
    risks: [withoutSiblings, ...risks],
    unset: 'default 100',
    rounded: trimmed,
    same: (text, written) => sameLines(formatIoWeight(parseIoWeight(text)), formatIoWeight(parseIoWeight(written))),
    commands: (before, after) => changedLines(before, after, (disk) => formatIoWeightLine(disk, 'default')),
    describe: describeWeight,
  };
}

function describeWeight(text: string): string {
  const { default: fallback, devices } = parseIoWeight(text);
  return [fallback, ...Array.from(devices, ([disk, weight]) => `${disk}: ${weight}`)].join(', ');
}

const WORDS: Readonly<Record<string, readonly string[]>> = { enable: ['0', '1'], ctrl: ['auto', 'user'] };
const PERCENTS = ['rpct', 'wpct', 'min', 'max'];
const TIMES = ['rlat', 'wlat'];
/** Of vrate, the speed that iocost believes the disk to have: 1 to 10000 % (block/blk-iocost.c). */
const MOST_VRATE = 10_000;

/** One `key=value` of io.cost.qos. */
function qosEntry(word: string): [key: string, value: string] {
  const [key = '', value, ...rest] = word.split('=');
  if (value === undefined || rest.length > 0) throw new BadValueError(`"${word}" is not KEY=VALUE`);
  if (WORDS[key]) {
    if (WORDS[key].includes(value)) return [key, value];
    throw new BadValueError(`"${word}": ${key} is ${WORDS[key].join(' or ')}`);
  }
  if (TIMES.includes(key)) return [key, String(parseDuration(value))];
  if (!PERCENTS.includes(key))
    throw new BadValueError(`"${word}": no such key; one of enable, ctrl, rpct, rlat, wpct, wlat, min, max`);
  const vrate = key === 'min' || key === 'max';
  const percent = parsePercent(value.endsWith('%') ? value : `${value}%`, vrate ? MOST_VRATE : 100);
  if (vrate && percent < 1) throw new BadValueError(`"${word}": ${key} is at least 1%`);
  return [key, percent.toFixed(2)];
}

/** `/dev/sda enable=1 rpct=95 rlat=10ms`: the kernel's own grammar, with any way to name a disk. */
const parseQos: LimitFlag['parse'] = (text, _, devices = openDevices()) => {
  const [device = '', ...words] = text.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 0)
    throw new BadValueError(`"${text}" sets nothing; give it as "/dev/sda enable=1 rpct=95 rlat=10ms"`);
  const entries = words.map(qosEntry);
  const { disks, note } = devices.disksOf(device);
  return {
    ...(note ? { note } : {}),
    after: (before) => {
      const lines = parseIoCost(before);
      for (const { device: disk } of disks) lines.set(disk, merged(lines.get(disk), entries));
      return [...lines].map(([disk, cost]) => formatQos(disk, cost)).join('\n');
    },
  };
};

/** A value of the user needs ctrl=user: with auto the kernel uses its own values. */
function merged(old: IoCost | undefined, entries: readonly [string, string][]): IoCost {
  const words = new Map(entries);
  const own = entries.some(([key]) => key !== 'enable' && key !== 'ctrl');
  const ctrl = words.get('ctrl') ?? (own ? 'user' : (old?.ctrl ?? 'auto'));
  words.delete('ctrl');
  const figures = new Map([
    ...(old?.figures ?? [['enable', 0]]),
    ...Array.from(words, ([k, v]) => [k, Number(v)] as const),
  ]);
  const [least, most] = [figures.get('min'), figures.get('max')];
  if (least !== undefined && most !== undefined && least > most)
    throw new BadValueError(`min=${least} is more than max=${most}`);
  return { ctrl, figures };
}

/** With ctrl=auto the kernel uses its own values, so only `enable` is written. */
function formatQos(disk: string, { ctrl, figures }: IoCost): string {
  if (ctrl !== 'user') return `${disk} enable=${figures.get('enable') ?? 0} ctrl=auto`;
  const { enable, ...rest } = Object.fromEntries(figures);
  const ordered = new Map(Object.entries(rest));
  return formatIoCostLine(disk, { figures: new Map([['enable', enable ?? 0]]) }).concat(
    ' ',
    formatIoCostLine('', { ctrl, figures: ordered }).trim(),
  );
}

/**
 * Makes a line that was read writable: with ctrl=auto it shows the kernel's own values, and writing one of those means
 * ctrl=user.
 */
const qosCommand = (line: string): string =>
  [...parseIoCost(line)].map(([disk, cost]) => formatQos(disk, cost)).join('\n');

/** The kernel shows every key, and keeps a line for each disk that once had iocost; a disk where it is off counts as unset. */
function sameQos(text: string, written: string): boolean {
  const [is, was] = [parseIoCost(text), parseIoCost(written)];
  const off = (cost: IoCost | undefined): boolean => (cost?.figures.get('enable') ?? 0) === 0 && cost?.ctrl !== 'user';
  return [...new Set([...is.keys(), ...was.keys()])].every((disk) => {
    const [now, wanted] = [is.get(disk), was.get(disk)];
    if (off(now) && off(wanted)) return true;
    if (now === undefined || wanted === undefined || now.ctrl !== wanted.ctrl) return false;
    const keys = wanted.ctrl === 'user' ? [...wanted.figures.keys()] : ['enable'];
    return keys.every((key) => now.figures.get(key) === wanted.figures.get(key));
  });
}

const wholeDisk: RiskCheck = () =>
  warning('io.cost.qos applies to the whole disk; the write stops its queue for up to 80 ms');

const withoutIoCost: RiskCheck = (_, { read }) => {
  const qos = read('/', 'io.cost.qos');
  if (qos === undefined || [...parseIoCost(qos).values()].some(({ figures }) => figures.get('enable') === 1))
    return undefined;
  return warning(
    'io.weight has no effect: iocost is off on every disk',
    'turn it on for a disk: tscg set / --io-cost-qos "/dev/sda enable=1"',
  );
};

const IO_COST = 'CONFIG_BLK_CGROUP_IOCOST';

const ioCostQos: Limit = {
  ...homeOf('io.cost.qos'),
  needs: IO_COST,
  risks: [wholeDisk],
  flags: [
    {
      long: '--io-cost-qos',
      value: '<device keys>',
      repeatable: true,
      help: 'for the root only: makes io.weight work on a disk: "/dev/sda enable=1", also rpct rlat wpct wlat min max',
      parse: parseQos,
    },
  ],
  unset: '',
  rounded: trimmed,
  same: sameQos,
  commands: (before, after) => changedLines(before, after, (disk) => `${disk} enable=0 ctrl=auto`).map(qosCommand),
  describe: (text) => {
    const on = [...parseIoCost(text)].filter(([, { figures }]) => figures.get('enable') === 1);
    return on.length === 0
      ? 'off on every disk'
      : `on for ${on.map(([disk, { ctrl }]) => `${disk} (${ctrl})`).join(', ')}`;
  },
};

export const IO_WEIGHT_LIMITS: readonly Limit[] = [
  weightLimit(
    'io.weight',
    IO_COST,
    [
      {
        long: '--io-weight',
        value: '<1-10000>',
        repeatable: true,
        help: 'share of a disk when siblings compete; 100 by default; for one disk /dev/sda:200 or /dev/sda:default',
        parse: weightParser(10_000, bfqOfIoWeight),
      },
      {
        long: '--blkio-weight',
        value: '<10-1000>',
        help: 'the same as docker has it',
        parse: parseBlkio,
        describe: (text) => `io.weight ${describeWeight(text)}`,
      },
    ],
    [withoutIoCost],
  ),
  weightLimit('io.bfq.weight', 'the BFQ scheduler (modprobe bfq, then echo bfq > /sys/block/DISK/queue/scheduler)', [
    {
      long: '--io-bfq-weight',
      value: '<1-1000>',
      repeatable: true,
      help: 'share of a disk that the BFQ scheduler runs; 100 by default',
      parse: weightParser(1000),
    },
  ]),
  ioCostQos,
];
