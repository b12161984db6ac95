/** What a row of the limit catalogue is made of, and what several rows share. */
import { interfaceFile } from '../../kernel/interface-files.ts';
import type { Machine } from '../../kernel/machine.ts';
import { formatSingleValue } from '../../kernel/single-value.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import type { Devices } from './devices.ts';
import { BadValueError, parseSize, parseWhole } from './units.ts';

/** Text of another file of the same cgroup, as it will be when the change is made; undefined where there is none. */
export type Peek = (file: string) => string | undefined;

/** What a flag asks of its file: the text to write, given what the file says now. */
export interface Edit {
  /** Throws BadValueError where the value does not fit what is there. */
  readonly after: (before: string, peek?: Peek) => string;
  /** What was understood, where the value could be read in another way. */
  readonly note?: string;
  /** The file that means the same where this one is missing, or (`preferred`) wherever there is that file. */
  readonly instead?: { readonly file: string; readonly edit: Edit; readonly preferred?: true };
}

export interface LimitFlag {
  /** As typed: `--memory`. */
  readonly long: string;
  readonly short?: string;
  /** Shown in help: `<size>`. */
  readonly value: string;
  readonly help: string;
  /** May be given several times, each for another device or resource. */
  readonly repeatable?: true;
  /** Which part of the file's text it sets: two flags of one part exclude each other. The whole where it is not named. */
  readonly part?: string;
  /** Throws BadValueError. `devices`: this machine's where it is not given. */
  readonly parse: (text: string, machine: Machine, devices?: Devices) => Edit;
  /** What the file says, in what this flag takes; the limit's `describe` where it is not given. */
  readonly describe?: (text: string, peek: Peek) => string;
}

/** `text`: what can be written beforehand, and means what the kernel makes of the file. */
export interface Dragged {
  readonly file: string;
  readonly text: string;
  /** Why, for the Plan. */
  readonly note: string;
}

export interface Limit {
  /** The kernel's file. */
  readonly file: string;
  readonly controller: 'cpu' | 'cpuset' | 'memory' | 'io' | 'pids' | 'hugetlb' | 'misc' | 'rdma' | 'dmem';
  /** Group heading in help. */
  readonly group: string;
  readonly flags: readonly LimitFlag[];
  /** What it says where nobody set it: also what is meant where its controller is not enabled yet. */
  readonly unset: string;
  /** Throws BadValueError where the text as a whole is outside what the kernel takes. */
  readonly check?: (text: string) => void;
  /** Throws BadValueError where the text does not go with the cgroup's other files as they will be. */
  readonly fits?: (text: string, peek: Peek) => void;
  /** How the kernel shows what was written (page size), for the comparison after a write. */
  readonly rounded: (text: string, machine: Machine) => string;
  /** Whether two texts mean the same, where the kernel orders or completes its lines as it likes. */
  readonly same?: (text: string, written: string) => boolean;
  /** What each write(2) is given to get from one text to the other; the text itself where this is not defined. */
  readonly commands?: (before: string, after: string) => string[];
  /** The write has to come before those of the cgroup's other files. */
  readonly early?: (before: string, after: string) => boolean;
  /** What the kernel makes of another file of the cgroup: a write of the Plan before this one, so that undo restores it after. */
  readonly drags?: (before: string, after: string, peek: Peek) => Dragged | undefined;
  /** What can be set in place of the text, where the kernel does not take it back. `peek` reads the parent's files. */
  readonly restorable?: (text: string, parent: Peek) => string;
  /** Text as an operator reads it: `50 % of one CPU`. */
  readonly describe: (text: string) => string;
}

export const same = (text: string): string => text.trim();

/** A whole number as the kernel reads it, also where a double has more digits than JavaScript prints. */
export const kernelText = formatSingleValue;

/** An edit that does not depend on what is there. */
export const become = (text: string, note?: string): Edit => ({ after: () => text, ...(note ? { note } : {}) });

/** Bytes in IEC units, exact where they are whole. */
export function sizeText(bytes: number): string {
  if (!Number.isFinite(bytes)) return bytes === NO_LIMIT ? 'no limit' : '--';
  const power = bytes < 1024 ? 0 : Math.min(6, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  const digits = Number.isInteger(value) ? 0 : value < 10 ? 2 : 1;
  return `${value.toFixed(digits)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'][power]}`;
}

export const sizeOrNone = (text: string): string => (text.trim() === 'max' ? 'no limit' : sizeText(Number(text)));

/** A size rounded down to whole pages, as a page counter keeps it; in whole numbers, for it may be beyond 2^53. */
export const wholePages = (text: string, pageSize: number): string => {
  if (!/^\d+$/.test(text.trim())) return text.trim();
  const bytes = BigInt(text.trim());
  return String(bytes - (bytes % BigInt(pageSize)));
};

const YES = new Set(['1', 'yes', 'true', 'on']);
const NO = new Set(['0', 'no', 'false', 'off']);

/** A file that is 0 or 1. */
export function switchLimit(
  file: string,
  { unset, on, off, ...flag }: Omit<LimitFlag, 'parse' | 'value'> & { unset: '0' | '1'; on: string; off: string },
): Limit {
  return {
    ...homeOf(file),
    flags: [
      {
        ...flag,
        value: '<0|1>',
        parse: (text) => {
          const word = text.toLowerCase();
          if (!YES.has(word) && !NO.has(word)) throw new BadValueError(`"${text}" is not a switch; give 1 or 0`);
          return become(YES.has(word) ? '1' : '0');
        },
      },
    ],
    unset,
    rounded: same,
    describe: (text) => (text.trim() === '1' ? on : off),
  };
}

/** `max` or bytes: the parser of a flag. */
export const parseBytes: LimitFlag['parse'] = (text, { memoryTotal }) =>
  become(kernelText(parseSize(text, memoryTotal)));

/** A whole number in a range, or `max` where `none` allows it: the parser of a flag. */
export const parseNumber =
  (least: number, most: number, none = false): LimitFlag['parse'] =>
  (text) =>
    become(kernelText(parseWhole(text, least, most, none)));

const GROUPS = {
  cpu: 'CPU',
  cpuset: 'CPU',
  memory: 'Memory',
  io: 'IO',
  pids: 'Tasks',
  hugetlb: 'Other resources',
  misc: 'Other resources',
  rdma: 'Other resources',
  dmem: 'Other resources',
} as const;

/** A file with its controller and the group of its flags. */
export function homeOf(file: string): Pick<Limit, 'file' | 'controller' | 'group'> {
  const controller = interfaceFile(file)?.controller;
  if (controller === undefined || controller === 'cgroup') throw new RangeError(`${file} is no limit`);
  return { file, controller, group: GROUPS[controller] };
}
