/** What a limit would have done, as text and as JSON. */

import type { CpuSample, CpuWhatIf, MemorySample, MemoryWhatIf, Span } from '../diagnosis/what-if.ts';
import { findLimit } from '../limits/catalogue/catalogue.ts';
import { formatValue, jsonValue } from '../metrics/format.ts';

/** What a workload used, in samples. */
export interface WatchedUse {
  readonly cpu: readonly CpuSample[];
  readonly memory: readonly MemorySample[];
  /** Periods in which a quota that it has throttled it meanwhile; NaN where none is told. */
  readonly throttled: number;
}

interface Asked {
  readonly file: string;
  /** What would be written. */
  readonly text: string;
}

export type WhatIf = Asked &
  (
    | { readonly kind: 'cpu'; readonly answer: CpuWhatIf; readonly period: number }
    | { readonly kind: 'memory'; readonly answer: MemoryWhatIf }
  );

const isNothing = ({ most }: Span): boolean => most === 0;

const seconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} s`;

/** `3 to 5`, or `4` where both are the same. */
function spanText({ least, most }: Span, text: (value: number) => string): string {
  const [low, high] = [text(least), text(most)];
  return low === high ? low : `${low} to ${high}`;
}

/**
 *     cpu.max 50000 100000 (50 % of one CPU)
 *       it used 0.62 CPUs, 1.80 in its busiest moment
 *       throttled in 212 to 480 of 600 periods of 100 ms (35 to 80 %)
 *       7.10 s to 9.80 s of its CPU time would have come later; at the worst moment it would have been 6.20 s to 6.30 s late
 */
export function whatIfText(what: WhatIf): string {
  const { file, text } = what;
  const meaning = findLimit(file)?.describe(text) ?? text;
  const lines = what.kind === 'cpu' ? cpuLines(what.answer, what.period) : memoryLines(what.answer, file);
  return [`${file} ${text} (${meaning})`, ...lines.map((line) => `  ${line}`)].join('\n');
}

/** Held to the periods that there were: a period that two stretches between samples share counts in either of them. */
function throttledOf({ throttledPeriods: { least, most }, periods }: CpuWhatIf): Span {
  const all = Math.max(1, periods);
  return { least: Math.min(least, all), most: Math.min(most, all) };
}

function cpuLines(answer: CpuWhatIf, period: number): string[] {
  const { meanCpus, mostCpus, periods, excess, delay } = answer;
  const throttledPeriods = throttledOf(answer);
  const percent = (count: number): string => ((100 * count) / Math.max(1, periods)).toFixed(0);
  const used = `it used ${formatValue(meanCpus, 'cpus')} CPUs, ${formatValue(mostCpus, 'cpus')} in its busiest moment`;
  if (isNothing(throttledPeriods)) return [used, 'it would not have been throttled'];
  return [
    used,
    `throttled in ${spanText(throttledPeriods, String)} of ${periods} periods of ${period * 1000} ms (${spanText(throttledPeriods, percent)} %)${throttledPeriods.least === 0 ? ': perhaps not at all' : ''}`,
    `${spanText(excess, seconds)} of its CPU time would have come later; at the worst moment it would have been ${spanText(delay, seconds)} late`,
  ];
}

function memoryLines(answer: MemoryWhatIf, file: string): string[] {
  const { meanBytes, mostBytes, mostKept, over, short, crossings, seconds: watched } = answer;
  const bytes = (value: number): string => formatValue(value, 'bytes');
  const kept = Number.isNaN(mostKept) ? '' : `, of which at most ${bytes(mostKept)} cannot be reclaimed`;
  const had = `it had ${bytes(meanBytes)} on average and ${bytes(mostBytes)} at most${kept}`;
  if (crossings === 0) return [had, 'it was never seen over it'];
  const end =
    file === 'memory.high' ? 'it would have been held up until it needs less' : 'processes would have been killed';
  return [
    had,
    `over it for ${spanText(over, seconds)} of ${seconds(watched)}, ${crossings === 1 ? 'once' : `${crossings} times`}: the kernel would have reclaimed`,
    Number.isNaN(mostKept)
      ? 'what of it can be reclaimed is not known: memory.stat or memory.swap.current does not tell'
      : isNothing(short)
        ? 'what cannot be reclaimed was never seen over it'
        : `what cannot be reclaimed was over it for ${spanText(short, seconds)}: ${end}`,
  ];
}

const spanJson = ({ least, most }: Span): object => ({ least: jsonValue(least), most: jsonValue(most) });

export function whatIfJson(what: WhatIf): Record<string, unknown> {
  const { file, text, answer } = what;
  const common = { file, value: text, seconds: jsonValue(answer.seconds), samples: answer.samples };
  if (what.kind === 'cpu') {
    const { meanCpus, mostCpus, periods, excess, delay } = what.answer;
    return {
      ...common,
      mean_cpus: jsonValue(meanCpus),
      most_cpus: jsonValue(mostCpus),
      periods,
      throttled_periods: spanJson(throttledOf(what.answer)),
      excess_seconds: spanJson(excess),
      delay_seconds: spanJson(delay),
    };
  }
  const { meanBytes, mostBytes, mostKept, over, short, crossings } = what.answer;
  return {
    ...common,
    mean_bytes: jsonValue(meanBytes),
    most_bytes: jsonValue(mostBytes),
    most_unreclaimable_bytes: jsonValue(mostKept),
    over_seconds: spanJson(over),
    short_seconds: spanJson(short),
    crossings,
  };
}
