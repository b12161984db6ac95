/**
 * Limits of the cpu controller. Ranges: kernel/sched/core.c (tg_set_cfs_bandwidth, cpu_weight_write_u64,
 * capacity_from_percent).
 */

import { formatCpuMax, parseCpuMax } from '../../kernel/cpu-max.ts';
import type { Machine } from '../../kernel/machine.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { formatUclamp } from '../../kernel/uclamp.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { counted } from '../../text/counted.ts';
import type { Edit, Limit, RiskCheck } from '../model.ts';
import { become, homeOf, parseNumber, switchLimit, trimmed, warning, withoutSiblings } from './limit.ts';
import { BadValueError, isNone, parseCpus, parseDuration, parsePercent, parseWhole } from './units.ts';
import { weightOfShares, weightOfSharesBefore } from './weights.ts';

/** Microseconds. */
const LEAST_QUOTA = 1000;
const LEAST_PERIOD = 1000;
const MOST_PERIOD = 1_000_000;
/** Longest quota the kernel takes: 2^44 ns in microseconds (max_cfs_runtime). */
const MOST_QUOTA = Math.floor(2 ** 44 / 1000);

/** `20ms`, `1s`, `12345us`, as --cpu-burst takes it. */
const timeText = (usec: number): string =>
  usec % 1_000_000 === 0 ? `${usec / 1_000_000}s` : usec % 1000 === 0 ? `${usec / 1000}ms` : `${usec}us`;

/** Sets the share and keeps the period, which the user may have tuned. */
function cpuEdit(cpus: number, typed: string, note?: string): Edit {
  if (cpus === 0) {
    throw new BadValueError(`"${typed}" leaves it no CPU time; give at least 1%, or max for no limit`);
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
      `a period of ${period} µs is out of range; give ${timeText(LEAST_PERIOD)} to ${timeText(MOST_PERIOD)}`,
    );
  }
  if (quota < LEAST_QUOTA) {
    const least = Math.ceil((LEAST_QUOTA / period) * 10_000) / 100;
    throw new BadValueError(
      `a quota of ${quota} µs is below the kernel's minimum of ${LEAST_QUOTA} µs; give at least ${least}% or a longer --cpu-period`,
    );
  }
  if (quota !== NO_LIMIT && quota > MOST_QUOTA) {
    throw new BadValueError(
      `a quota of ${quota} µs is above the kernel's maximum of ${MOST_QUOTA} µs; give max for no limit`,
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
  return cpuEdit(
    share,
    text,
    `${text} is ${Number(share.toFixed(5))} of one CPU (${ofHost}% of this machine's ${cpus})`,
  );
}

/** Nothing can use more CPUs than there are. */
const beyondMachine: RiskCheck = ({ after }, { machine: { cpus } }) => {
  const { quota, period } = parseCpuMax(after);
  const wanted = quota / period;
  if (quota === NO_LIMIT || !(wanted > cpus)) return undefined;
  return warning(
    `this machine has ${counted(cpus, 'CPU')}: a limit of ${Number(wanted.toFixed(2))} CPUs limits nothing`,
    'give --cpu max for no limit',
  );
};

const cpuMax: Limit = {
  ...homeOf('cpu.max'),
  flags: [
    {
      long: '--cpu-period',
      value: '<time>',
      part: 'period',
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
      describe: (text) => `${parseCpuMax(text).period / 1000} ms`,
    },
    {
      long: '--cpu',
      value: '<percent>',
      help: 'CPU share: 50% is half of one CPU, 200% two CPUs; also 50ms/100ms (quota/period) or max',
      parse: parseCpuShare,
      isFirst: true,
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
  binds: {
    by: 'smallest',
    value: (text) => {
      const { quota, period } = parseCpuMax(text);
      return quota / period;
    },
    text: (cpus) => `${Math.round(cpus * 100)}% of one CPU`,
    used: (paths, _, { cpusInUse }) => cpusInUse?.(paths) ?? paths.map(() => Number.NaN),
    metric: { id: 'cpu_limit_cpus', kind: 'cpu' },
  },
  risks: [beyondMachine],
  hasColumn: true,
  check: checkCpuMax,
  // Kernels of some vendors show a third field, their burst: `50000 100000 0`.
  same: (text, written) => {
    const [one, other] = [parseCpuMax(text), parseCpuMax(written)];
    return one.quota === other.quota && one.period === other.period;
  },
  fits: (text, peek) => {
    const { quota } = parseCpuMax(text);
    const burst = parseSingleValue(peek('cpu.max.burst'));
    if (burst > quota)
      throw new BadValueError(
        `cpu.max.burst is ${timeText(burst)}, more than a quota of ${timeText(quota)}; add --cpu-burst ${timeText(quota)} or less`,
      );
  },
  rounded: trimmed,
  describe: (text) => {
    const { quota, period } = parseCpuMax(text);
    return quota === NO_LIMIT ? 'no limit' : `${Math.round((quota / period) * 10_000) / 100}% of one CPU`;
  },
};

const cpuMaxBurst: Limit = {
  ...homeOf('cpu.max.burst'),
  flags: [
    {
      long: '--cpu-burst',
      value: '<time>',
      help: 'unused CPU time that may be saved up for later: 20ms or 20000 (µs), at most the quota; 0 for none',
      parse: (text) => {
        const burst = parseDuration(text);
        if (burst > MOST_QUOTA)
          throw new BadValueError(
            `"${text}" is more than the kernel's longest burst; give ${timeText(MOST_QUOTA)} or less`,
          );
        return become(String(burst));
      },
    },
  ],
  unset: '0',
  fits: (text, peek) => {
    const { quota } = parseCpuMax(peek('cpu.max') ?? '');
    if (Number(text) > quota)
      throw new BadValueError(
        `a burst of ${timeText(Number(text))} is more than the quota of ${timeText(quota)} in cpu.max; give ${timeText(quota)} or less`,
      );
  },
  // The kernel refuses a quota below the burst that is there, and a burst above the quota.
  early: (before, after) => Number(after) < Number(before),
  rounded: trimmed,
  describe: (text) => (Number(text) === 0 ? 'none' : `${Number(text) / 1000} ms`),
};

function parseShares(text: string): Edit {
  const shares = parseWhole(text, 0, 2 ** 31 - 1);
  if (shares === 0) throw new BadValueError('0 shares mean the default; give --cpu-weight 100');
  const [weight, before] = [weightOfShares(shares), weightOfSharesBefore(shares)];
  const older = weight === before ? '' : `; runtimes before 2025 made ${before} of them`;
  return become(String(weight), `${text} shares are a cpu.weight of ${weight}${older}`);
}

/** An idle cgroup shows a weight of 0, and 1 since Linux 6.12; only 1 can be written. */
const writable = (weight: string): string => (weight.trim() === '0' ? '1' : weight.trim());

const cpuWeight: Limit = {
  ...homeOf('cpu.weight'),
  flags: [
    {
      long: '--cpu-weight',
      value: '<1-10000>',
      help: 'share of CPU time when siblings compete; 100 by default',
      parse: parseNumber(1, 10_000),
    },
    {
      long: '--cpu-shares',
      short: '-c',
      value: '<2-262144>',
      help: 'the same as docker has it; 1024 is a weight of 100',
      parse: parseShares,
      describe: (text) => `a weight of ${text.trim()}`,
    },
  ],
  unset: '100',
  // The weight of an idle cgroup says only that it is idle.
  isUnset: (text) => text.trim() === '0',
  risks: [withoutSiblings],
  hasColumn: true,
  fits: (text, peek) => {
    if (peek('cpu.idle')?.trim() === '1' && Number(text) > 1)
      throw new BadValueError('an idle cgroup takes no cpu.weight; add --cpu-idle 0');
  },
  rounded: trimmed,
  same: (text, written) => writable(text) === writable(written),
  commands: (_, after) => [writable(after)],
  describe: trimmed,
};

/** A weight between two nice values cannot be restored through cpu.weight.nice. */
const losesWeight: RiskCheck = ({ path }, { read }) => {
  const weight = read(path, 'cpu.weight');
  return weight === undefined || weight === '100'
    ? undefined
    : warning(`cpu.weight is ${weight}, between two nice values: undo restores the nearest one only`);
};

const cpuWeightNice: Limit = {
  ...homeOf('cpu.weight.nice'),
  viewOf: 'cpu.weight',
  hasColumn: true,
  risks: [withoutSiblings, losesWeight],
  flags: [
    {
      long: '--cpu-nice',
      value: '<-20-19>',
      help: 'weight as a nice value; a coarser view of cpu.weight, 0 by default',
      parse: parseNumber(-20, 19),
    },
  ],
  unset: '0',
  fits: (_, peek) => {
    if (peek('cpu.idle')?.trim() === '1')
      throw new BadValueError('an idle cgroup takes no nice value; add --cpu-idle 0');
  },
  rounded: trimmed,
  describe: (text) => `nice ${text.trim()}`,
};

const cpuIdle: Limit = {
  ...switchLimit('cpu.idle', {
    long: '--cpu-idle',
    help: '1: runs only when nobody else wants the CPU',
    unset: '0',
    on: 'only when nobody else wants the CPU',
    off: 'by its weight',
  }),
  // The kernel refuses a weight while the cgroup is idle.
  early: (before, after) => before === '1' && after === '0',
  // kernel/sched/fair.c, sched_group_set_idle: the least weight while it is idle, and 100 afterwards.
  drags: (before, after, peek) => {
    const weight = peek('cpu.weight');
    if (before === after || after !== '1' || weight === undefined || ['1', '100'].includes(weight)) return undefined;
    return {
      file: 'cpu.weight',
      text: '1',
      note: `the kernel sets it to 1 while cpu.idle is 1; undo restores ${weight}`,
    };
  },
};

function uclampLimit(end: 'min' | 'max', help: string): Limit {
  return {
    ...homeOf(`cpu.uclamp.${end}`),
    needs: 'CONFIG_UCLAMP_TASK_GROUP',
    flags: [
      {
        long: `--cpu-uclamp-${end}`,
        value: '<percent>',
        help,
        parse: (text) => {
          if (text === 'max') return become('max');
          const percent = Math.round(parsePercent(text.endsWith('%') ? text : `${text}%`, 100) * 100) / 100;
          // The kernel shows 100 % as max.
          return become(percent === 100 ? 'max' : formatUclamp(percent));
        },
      },
    ],
    unset: end === 'min' ? '0.00' : 'max',
    rounded: trimmed,
    describe: (text) => (text.trim() === 'max' ? '100% of the biggest CPU' : `${Number(text)}% of the biggest CPU`),
  };
}

export const CPU_LIMITS: readonly Limit[] = [
  cpuMax,
  cpuMaxBurst,
  cpuWeight,
  cpuWeightNice,
  cpuIdle,
  uclampLimit('min', 'least clock speed that the scheduler asks for while it runs: 20%, max'),
  uclampLimit('max', 'most clock speed that the scheduler asks for while it runs: 50%, max'),
];
