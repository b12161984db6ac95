/**
 * The limit catalogue: one row an interface file that limits something, with every flag that sets it. Flags and help of
 * `tscg set`, validation, the dashboard's form and the documentation are read from it; adding a limit is adding a row.
 */
import { formatCpuMax, parseCpuMax } from '../kernel/cpu-max.ts';
import type { Machine } from '../kernel/machine.ts';
import { NO_LIMIT } from '../kernel/value.ts';
import { BadValueError, isNone, parseCpus, parseDuration, parsePercent, parseSize, parseWhole } from './units.ts';

/** What a flag asks of its file: the text to write, given what the file says now. */
export interface Edit {
  readonly after: (before: string) => string;
  /** What was understood, where the value could be read in another way. */
  readonly note?: string;
}

export interface LimitFlag {
  /** As typed: `--memory`. */
  readonly long: string;
  readonly short?: string;
  /** Shown in help: `<size>`. */
  readonly value: string;
  readonly help: string;
  /** Throws BadValueError. */
  readonly parse: (text: string, machine: Machine) => Edit;
}

export interface Limit {
  /** The kernel's file. */
  readonly file: string;
  readonly controller: 'cpu' | 'cpuset' | 'memory' | 'io' | 'pids' | 'hugetlb';
  /** Group heading in help. */
  readonly group: string;
  readonly flags: readonly LimitFlag[];
  /** What it says where nobody set it: also what is meant where its controller is not enabled yet. */
  readonly unset: string;
  /** Throws BadValueError where the text as a whole is outside what the kernel takes. */
  readonly check?: (text: string) => void;
  /** How the kernel shows what was written (page size), for the comparison after a write. */
  readonly rounded: (text: string, machine: Machine) => string;
  /** Text as an operator reads it: `50 % of one CPU`. */
  readonly describe: (text: string) => string;
}

const same = (text: string): string => text.trim();

const kernelText = (value: number): string => (value === NO_LIMIT ? 'max' : String(value));

const LEAST_QUOTA = 1000;
const LEAST_PERIOD = 1000;
const MOST_PERIOD = 1_000_000;
/** Longest quota the kernel takes: 2^44 ns in microseconds (max_cfs_runtime). */
const MOST_QUOTA = Math.floor(2 ** 44 / 1000);

/** Sets the share and keeps the period that is there: a tuned period is the user's. */
function cpuEdit(cpus: number, typed: string, note?: string): Edit {
  if (cpus === 0) {
    throw new BadValueError(`"${typed}" would stop it for good; give at least 1%, or max for no limit`);
  }
  return {
    ...(note ? { note } : {}),
    after: (before) => {
      const { period } = parseCpuMax(before);
      return formatCpuMax({ quota: cpus === NO_LIMIT ? NO_LIMIT : Math.round(cpus * period), period });
    },
  };
}

function checkCpuMax(text: string): void {
  const { quota, period } = parseCpuMax(text);
  if (!(period >= LEAST_PERIOD && period <= MOST_PERIOD)) {
    throw new BadValueError(
      `a period of ${period} µs is outside the kernel's ${LEAST_PERIOD} to ${MOST_PERIOD} µs (1ms to 1s)`,
    );
  }
  if (quota < LEAST_QUOTA) {
    const least = (LEAST_QUOTA / period) * 100;
    throw new BadValueError(
      `a quota of ${quota} µs is below the kernel's least, ${LEAST_QUOTA} µs; give at least ${least}% or a longer --cpu-period`,
    );
  }
  if (quota !== NO_LIMIT && quota > MOST_QUOTA) {
    throw new BadValueError(
      `a quota of ${quota} µs is above the kernel's most, ${MOST_QUOTA} µs; for no limit give max`,
    );
  }
}

function parseCpuShare(text: string, { cpus }: Machine): Edit {
  if (isNone(text)) return cpuEdit(NO_LIMIT, text);
  const [quotaText, periodText, ...rest] = text.split('/');
  if (quotaText !== undefined && periodText !== undefined && rest.length === 0) {
    const [quota, period] = [parseDuration(quotaText), parseDuration(periodText)];
    return { after: () => formatCpuMax({ quota, period }) };
  }
  if (!text.endsWith('%')) {
    throw new BadValueError(
      `"${text}" is not a CPU share; give one as 50% (half of one CPU), 50ms/100ms or max, or use --cpus for a number of CPUs`,
    );
  }
  const share = parsePercent(text) / 100;
  const ofHost = Math.round((share / cpus) * 1000) / 10;
  return cpuEdit(share, text, `${text} is ${share} of one CPU (${ofHost}% of this machine's ${cpus})`);
}

/** A memory.* file that takes bytes or `max`. */
function memoryLimit(file: string, flags: readonly Omit<LimitFlag, 'parse' | 'value'>[]): Limit {
  return {
    file,
    controller: 'memory',
    group: 'Memory',
    flags: flags.map((flag) => ({
      ...flag,
      value: '<size>',
      parse: (text, { memoryTotal }) => {
        const bytes = parseSize(text, memoryTotal);
        return { after: () => kernelText(bytes) };
      },
    })),
    unset: file === 'memory.low' || file === 'memory.min' ? '0' : 'max',
    rounded: (text, { pageSize }) =>
      text.trim() === 'max' ? 'max' : String(Math.floor(Number(text) / pageSize) * pageSize),
    describe: (text) => (text.trim() === 'max' ? 'no limit' : sizeText(Number(text))),
  };
}

/** Bytes in IEC units, exact where they are whole. */
export function sizeText(bytes: number): string {
  if (!Number.isFinite(bytes)) return bytes === NO_LIMIT ? 'no limit' : '--';
  const power = bytes < 1024 ? 0 : Math.min(6, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  const digits = Number.isInteger(value) ? 0 : value < 10 ? 2 : 1;
  return `${value.toFixed(digits)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'][power]}`;
}

export const LIMITS: readonly Limit[] = [
  {
    file: 'cpu.max',
    controller: 'cpu',
    group: 'CPU',
    flags: [
      {
        long: '--cpu-period',
        value: '<time>',
        help: 'length of a period: 100ms or 100000 (µs); without another flag the share is kept',
        parse: (text) => {
          const period = parseDuration(text);
          return {
            after: (before) => {
              const { quota, period: old } = parseCpuMax(before);
              return formatCpuMax({ quota: quota === NO_LIMIT ? quota : Math.round((quota / old) * period), period });
            },
          };
        },
      },
      {
        long: '--cpu',
        value: '<percent>',
        help: 'CPU share: 50% is half of one CPU, 200% two CPUs; also 50ms/100ms (quota/period) or max',
        parse: parseCpuShare,
      },
      {
        long: '--cpus',
        value: '<number>',
        help: 'number of CPUs, as docker has it: 0.5, 2, max',
        parse: (text) => cpuEdit(parseCpus(text), text),
      },
      {
        long: '--cpu-quota',
        value: '<time>',
        help: 'CPU time in each period: 50ms or 50000 (µs), or max',
        parse: (text) => {
          const quota = isNone(text) ? NO_LIMIT : parseDuration(text);
          return { after: (before) => formatCpuMax({ ...parseCpuMax(before), quota }) };
        },
      },
    ],
    unset: 'max 100000',
    check: checkCpuMax,
    rounded: same,
    describe: (text) => {
      const { quota, period } = parseCpuMax(text);
      return quota === NO_LIMIT ? 'no limit' : `${Math.round((quota / period) * 10_000) / 100}% of one CPU`;
    },
  },
  {
    file: 'cpu.weight',
    controller: 'cpu',
    group: 'CPU',
    flags: [
      {
        long: '--cpu-weight',
        value: '<1-10000>',
        help: 'share of CPU time when siblings compete; 100 by default',
        parse: (text) => {
          const weight = parseWhole(text, 1, 10_000);
          return { after: () => String(weight) };
        },
      },
    ],
    unset: '100',
    rounded: same,
    describe: same,
  },
  memoryLimit('memory.max', [
    { long: '--memory', short: '-m', help: 'most memory, killed above it: 512M, 1.5G, 25% of the machine, max' },
  ]),
  memoryLimit('memory.high', [
    { long: '--memory-high', help: 'memory above which it is slowed and reclaimed, never killed' },
  ]),
  memoryLimit('memory.low', [{ long: '--memory-low', help: 'memory kept from reclaim while others have some' }]),
  memoryLimit('memory.min', [{ long: '--memory-min', help: 'memory never reclaimed' }]),
  memoryLimit('memory.swap.max', [{ long: '--swap', help: 'most swap, memory not counted; 0 for none' }]),
  {
    file: 'pids.max',
    controller: 'pids',
    group: 'Tasks',
    flags: [
      {
        long: '--pids',
        value: '<number>',
        help: 'most processes and threads: 100, max',
        parse: (text) => {
          const pids = parseWhole(text, 0, 4_194_304, true);
          return { after: () => kernelText(pids) };
        },
      },
    ],
    unset: 'max',
    rounded: same,
    describe: (text) => (text.trim() === 'max' ? 'no limit' : `${text.trim()} tasks`),
  },
];

export const findLimit = (file: string): Limit | undefined => LIMITS.find((limit) => limit.file === file);
