/**
 * The fields of a row: the metric catalogue, and before it the verdict, which is a word, and what it rests on. Columns, sort
 * keys, JSON and CSV of `tscg ls` and the columns of tstop are read from it. A field costs what it takes when it is first
 * asked for, as a metric does.
 */

import { findMetric, METRICS } from '../metrics/catalogue.ts';
import { formatValue, jsonValue } from '../metrics/format.ts';
import { madeFrom } from '../metrics/made-from.ts';
import type { Metric } from '../metrics/metric.ts';
import { reasonFor } from '../metrics/reason.ts';
import type { Usage } from '../metrics/usage.ts';
import { CAUSES, MS_PER_PERCENT, rankOf, wordOf } from './model.ts';
import { type CoarseVerdicts, coarseVerdict, coarseVerdicts, verdictInputs } from './verdict.ts';

export interface Field extends Omit<Metric, 'derive'> {
  /** A figure for every row: what it is sorted by, and what a chart shows. */
  readonly figures: (usage: Usage) => Float64Array;
  /** The text of its cell in a table. */
  readonly text: (usage: Usage, row: number) => string;
  readonly json: (usage: Usage, row: number) => string | number | null;
  /** Why it is unavailable; undefined where it is not. */
  readonly reason: (usage: Usage, row: number) => string | undefined;
}

interface Judged {
  readonly verdicts: CoarseVerdicts;
  /** Percent of the time; NaN where the verdict has no clock. */
  readonly losses: Float64Array;
  /** The loss; 0 where all is fine, unavailable where that is not known. */
  readonly ranks: Float64Array;
}

/** Made once for each Usage. */
const judged = new WeakMap<Usage, Judged>();
const lastJudged = madeFrom<Judged>();

const FINE = rankOf('fine');
/** A cause that no clock measures comes before the rows that are fine. */
const WITHOUT_CLOCK = 0.001;

function judge(usage: Usage): Judged {
  const known = judged.get(usage);
  if (known) return known;
  const made = lastJudged(verdictInputs(usage), () => judgement(coarseVerdicts(usage)));
  judged.set(usage, made);
  return made;
}

function judgement(verdicts: CoarseVerdicts): Judged {
  const { causes } = verdicts;
  const losses = new Float64Array(causes.length);
  const ranks = new Float64Array(causes.length);
  for (let row = 0; row < causes.length; row++) {
    const cause = causes[row] ?? -1;
    const loss = cause === FINE ? 0 : (verdicts.losses[row] ?? Number.NaN) / MS_PER_PERCENT;
    losses[row] = loss;
    ranks[row] = loss || (CLOCKLESS_RANKS[cause] ?? Number.NaN);
  }
  return { verdicts, losses, ranks };
}

const CLOCKLESS_RANKS = CAUSES.map(({ code }) =>
  code === 'unknown' ? Number.NaN : code === 'fine' ? 0 : WITHOUT_CLOCK,
);

/** Takes the verdicts of a Usage that were told with it, as the exporter of another machine does. */
export function knownVerdicts(usage: Usage, verdicts: CoarseVerdicts): void {
  judged.set(usage, judgement(verdicts));
}

/** The coarse verdict of each row. */
export const verdictsOf = (usage: Usage): CoarseVerdicts => judge(usage).verdicts;

/** Figures without which no row is called fine: where one of them is missing, the verdict may be unknown. */
const NEEDED = ['psi_cpu_full_percent', 'psi_io_some_percent', 'psi_memory_some_percent'];

const reasonOf = (usage: Usage, row: number): string | undefined =>
  coarseVerdict(verdictsOf(usage), row).cause === 'unknown'
    ? NEEDED.map((id) => reasonFor(id, usage, row)).find((reason) => reason !== undefined)
    : undefined;

const SOURCES = [
  'cpu.pressure:full.total',
  'cpu.stat:throttled_usec',
  'io.pressure:some.total',
  'memory.pressure:some.total',
  'cgroup.events:frozen',
];

export const VERDICT: Field = {
  id: 'verdict',
  label: 'VERDICT',
  unit: 'percent',
  help: `Why it is slow, in a word: ${CAUSES.map(({ code, word }) => (code === word ? word : `${word} (${code})`)).join(', ')}; sorted by the loss of time. tscg why looks closer.`,
  sources: SOURCES,
  formula:
    'the largest of: Δ cpu.stat throttled_usec, Δ cpu.pressure full - throttled, Δ cpu.pressure some - full, Δ io.pressure some, Δ memory.pressure some',
  width: Math.max(...CAUSES.map(({ word }) => word.length)),
  figures: (usage) => judge(usage).ranks,
  text: (usage, row) => wordOf(coarseVerdict(verdictsOf(usage), row).cause),
  json: (usage, row) => {
    const { cause } = coarseVerdict(verdictsOf(usage), row);
    return cause === 'unknown' ? null : cause;
  },
  reason: reasonOf,
};

const LOSS: Field = {
  id: 'verdict_loss_percent',
  label: 'LOST %',
  unit: 'percent',
  help: 'Share of the time that it lost to the cause that the verdict names; 0 where the loss is too small for one.',
  sources: SOURCES,
  formula: 'Δ of the verdict’s clock / Δt as a percentage',
  width: 8,
  figures: (usage) => judge(usage).losses,
  text: (usage, row) => formatValue(judge(usage).losses[row] ?? Number.NaN, 'percent'),
  json: (usage, row) => jsonValue(judge(usage).losses[row] ?? Number.NaN),
  reason: (usage, row) =>
    Number.isNaN(judge(usage).losses[row])
      ? (reasonOf(usage, row) ?? `no clock measures it: ${VERDICT.text(usage, row)}`)
      : undefined,
};

const fieldOf = ({ derive: _, ...metric }: Metric): Field => ({
  ...metric,
  figures: (usage) => usage.column(metric.id),
  text: (usage, row) => formatValue(usage.value(metric.id, row), metric.unit),
  json: (usage, row) => jsonValue(usage.value(metric.id, row)),
  reason: (usage, row) => reasonFor(metric.id, usage, row),
});

export const ROW_FIELDS: readonly Field[] = [VERDICT, LOSS, ...METRICS.map(fieldOf)];

const BY_ID: ReadonlyMap<string, Field> = new Map(ROW_FIELDS.map((field) => [field.id, field]));

/** The field with that id or alias. */
export const findField = (name: string): Field | undefined => BY_ID.get(name) ?? BY_ID.get(findMetric(name)?.id ?? '');

/** Throws where there is none of that id. */
export function field(id: string): Field {
  const found = BY_ID.get(id);
  if (!found) throw new Error(`no field ${id}`);
  return found;
}
