/**
 * What is exported of each workload: one family of samples a metric of the catalogue, and a few that no table shows. A
 * name is cadvisor's or the kubelet's where the meaning is exactly the same, else it is `tscg_` and the id. Prometheus makes
 * rates itself, so that a rate of the catalogue is exported as the counter that it is the rate of.
 *
 *     cpu_percent               container_cpu_usage_seconds_total    cadvisor's name
 *     io_read_bytes_per_second  tscg_io_read_bytes_total
 *     cpu_of_limit_percent      tscg_cpu_of_limit_ratio              1 is all of the limit
 *     memory_limit_bytes        tscg_memory_limit_bytes              +Inf: no limit
 */

import { VERDICT, verdictsOf } from '../diagnosis/fields.ts';
import { CAUSES, type Cause } from '../diagnosis/model.ts';
import { coarseVerdict } from '../diagnosis/verdict.ts';
import { MS_PER_SECOND, USEC_PER_SECOND } from '../kernel/time-units.ts';
import { limitOf } from '../kernel/value.ts';
import { METRICS } from '../metrics/catalogue.ts';
import { column } from '../metrics/files.ts';
import type { Metric, OtelName } from '../metrics/metric.ts';
import { unknownRows } from '../metrics/moved-rows.ts';
import type { Snapshot } from '../metrics/snapshot.ts';
import type { Usage } from '../metrics/usage.ts';

export interface Family {
  /** Without `_total`, which the samples of a counter have after it. */
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** The last word of the name, where that is its unit. */
  readonly unit?: string;
  /**
   * By row: NaN for what is unavailable and is left out, Infinity for no limit. The array of the Usage before where nothing in it
   * changed, as far as that has one.
   */
  readonly figures: (usage: Usage) => Float64Array;
  /** Its name and figures by OpenTelemetry's conventions; absent where they have none, and the name is ours. */
  readonly otel?: OtelName & { readonly figures: Family['figures'] };
  /** One more label and its value by row; nothing is exported of a row that has none. */
  readonly tag?: readonly [name: string, value: (usage: Usage, row: number) => string | undefined];
}

/** The name of the samples of a family. */
export const sampleName = ({ name, type }: { readonly name: string; readonly type: string }): string =>
  type === 'counter' ? `${name}_total` : name;

/** The series that say what each workload is, its verdict, and the time that it lost to that. */
export const INFO_SERIES = 'tscg_workload_info';
export const VERDICT_SERIES = 'tscg_verdict';
export const LOSS_SERIES = 'tscg_verdict_loss_ratio';

/** The names by which cadvisor and the kubelet serve figures that mean exactly the same. */
const FOREIGN_NAMES: Readonly<Record<string, string>> = {
  cpu_percent: 'container_cpu_usage_seconds',
  cpu_user_percent: 'container_cpu_user_seconds',
  cpu_system_percent: 'container_cpu_system_seconds',
  cpu_throttled_time_percent: 'container_cpu_cfs_throttled_seconds',
  memory_bytes: 'container_memory_working_set_bytes',
  memory_current_bytes: 'container_memory_usage_bytes',
  memory_anon_bytes: 'container_memory_rss',
  memory_file_bytes: 'container_memory_cache',
  memory_peak_bytes: 'container_memory_max_usage_bytes',
  pids: 'container_threads',
  ...Object.fromEntries(
    ['cpu', 'memory', 'io'].flatMap((resource) => [
      [`psi_${resource}_some_percent`, `container_pressure_${resource}_waiting_seconds`],
      [`psi_${resource}_full_percent`, `container_pressure_${resource}_stalled_seconds`],
    ]),
  ),
};

/** What a counter counts, by the unit of its rate. */
const COUNTED: Partial<Record<Metric['unit'], string>> = { percent: 'seconds', bytes_per_second: 'bytes' };

/** Units that a name ends with. */
const UNITS = ['seconds', 'bytes', 'ratio', 'cpus'];

/** The unit that the name ends with, as a property of a Family; no property where it ends with none. */
export const unitOf = (name: string): { unit?: string } => {
  const unit = UNITS.find((word) => name.endsWith(`_${word}`));
  return unit === undefined ? {} : { unit };
};

/** The running averages of the kernel are left out: a store makes an average over any time from the counters of pressure. */
export const isExported = ({ id }: Pick<Metric, 'id'>): boolean => !/^psi_.*_avg\d+_percent$/.test(id);

/** The family of a metric. */
export function familyOf({ id, unit, help, formula, counter, otel }: Metric): Family {
  const isShare = unit === 'percent';
  const shown: Family['figures'] = (usage) => (isShare ? ratios(usage.column(id)) : usage.column(id));
  if (counter === undefined) {
    const name = FOREIGN_NAMES[id] ?? `tscg_${id.replace(/_percent$/, '_ratio')}`;
    return {
      name,
      type: 'gauge',
      help: `${isShare ? `${withoutHundred(help)} 1 is 100 %.` : help} ${formula}`,
      ...unitOf(name),
      figures: shown,
      ...(otel && { otel: { ...otel, figures: shown } }),
    };
  }
  const counted = COUNTED[unit];
  const name =
    FOREIGN_NAMES[id] ?? `tscg_${id.replace(/_(percent|per_second)$/, counted === 'seconds' ? '_seconds' : '')}`;
  const index = column(counter);
  const figures: Family['figures'] = ({ snapshot }) => {
    const counts = columnOf(snapshot, index);
    return counted === 'seconds' ? seconds(counts) : counts;
  };
  return {
    name,
    type: 'counter',
    help: `${unit === 'count' ? help : `The total behind ${id}: ${help}`} ${counter}`,
    ...unitOf(name),
    figures,
    ...(otel && { otel: { ...otel, figures: otel.instrument === 'counter' ? figures : shown } }),
  };
}

const withoutHundred = (help: string): string => help.replace(/; 100 % is one CPU/, '');

/** A column with another figure in place of each, made once: a column in which nothing changes is one array in all Snapshots. */
function eachOf(made: (figure: number) => number): (column: Float64Array) => Float64Array {
  const known = new WeakMap<Float64Array, Float64Array>();
  return (column) => {
    const figures = known.get(column) ?? column.map((figure) => made(figure));
    known.set(column, figures);
    return figures;
  };
}

const ratios = eachOf((percent) => percent / 100);
const seconds = eachOf((microseconds) => microseconds / USEC_PER_SECOND);
const limits = eachOf((limit) => limitOf(limit));

const columnOf = ({ values, rows }: Snapshot, index: number): Float64Array => values[index] ?? unknownRows(rows.length);

/** A family of the figures of one file of the cgroup itself. */
const ownFile = (name: string, ref: string, help: string, type: Family['type'] = 'gauge'): Family => ({
  name,
  type,
  help: `${help} ${ref.replace(/:(value|max)$/, '')}`,
  ...unitOf(name),
  figures: ({ snapshot }) => columnOf(snapshot, column(ref)),
});

const ownLimit = (name: string, ref: string, help: string): Family => {
  const family = ownFile(name, ref, `${help}; +Inf is no limit.`);
  return { ...family, figures: (usage) => limits(family.figures(usage)) };
};

const QUOTA = column('cpu.max:quota');
const PERIOD = column('cpu.max:period');

/** Families that are no metrics: the limits of the cgroup itself, without those of its ancestors, and counters for alerts. */
const OWN: readonly Family[] = [
  {
    name: 'tscg_cpu_max_cpus',
    type: 'gauge',
    unit: 'cpus',
    help: 'CPU limit of the cgroup itself; +Inf is no limit. cpu.max quota / period',
    figures: ({ snapshot }) => {
      const periods = columnOf(snapshot, PERIOD);
      return columnOf(snapshot, QUOTA).map((quota, row) => limitOf(quota / (periods[row] ?? Number.NaN)));
    },
  },
  ownLimit('tscg_memory_max_bytes', 'memory.max:value', 'Memory limit of the cgroup itself'),
  ownLimit('tscg_memory_high_bytes', 'memory.high:value', 'Memory above which the cgroup itself is slowed down'),
  ownLimit('tscg_memory_swap_max_bytes', 'memory.swap.max:value', 'Swap limit of the cgroup itself'),
  ownLimit('tscg_pids_max', 'pids.max:value', 'Task limit of the cgroup itself'),
  ownFile(
    'container_cpu_cfs_periods',
    'cpu.stat:nr_periods',
    'Periods of cpu.max in which it was runnable.',
    'counter',
  ),
  ownFile(
    'container_cpu_cfs_throttled_periods',
    'cpu.stat:nr_throttled',
    'Periods in which cpu.max held it up.',
    'counter',
  ),
  ownFile('tscg_pids_max_events', 'pids.events:max', 'Forks that failed at pids.max.', 'counter'),
];

const causeAt = (usage: Usage, row: number): Cause => coarseVerdict(verdictsOf(usage), row).cause;

const tag: Family['tag'] = [
  'verdict',
  (usage, row) => {
    const cause = causeAt(usage, row);
    return cause === 'unknown' ? undefined : cause;
  },
];

const VERDICTS: readonly Family[] = [
  {
    name: VERDICT_SERIES,
    type: 'gauge',
    help: `Why it is slow, over the time since the scrape before: 1 for the verdict that holds, nothing where it is not known. ${CAUSES.filter(
      ({ code }) => code !== 'unknown',
    )
      .map(({ code, help }) => `${code}: ${help}`)
      .join('; ')}`,
    figures: ({ snapshot }) => new Float64Array(snapshot.rows.length).fill(1),
    tag,
  },
  {
    name: LOSS_SERIES,
    type: 'gauge',
    unit: 'ratio',
    help: `Share of the time that it lost to what the verdict names, since the scrape before; nothing where no clock measures it. ${VERDICT.formula}`,
    figures: (usage) => {
      const { losses } = verdictsOf(usage);
      return losses.map((loss, row) => (causeAt(usage, row) === 'fine' ? 0 : loss / MS_PER_SECOND));
    },
    tag,
  },
];

export const FAMILIES: readonly Family[] = [...METRICS.filter(isExported).map(familyOf), ...OWN, ...VERDICTS];
