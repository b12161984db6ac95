/**
 * A figure as text: `--` for unavailable, `max` for no limit. Memory is in IEC units, io and network in SI, as docker has it. No
 * text is longer than 8 cells, however large the figure is.
 */

import type { Unit } from './metric.ts';

const IEC = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
const SI = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];
const SI_COUNT = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

export function formatValue(value: number, unit: Unit): string {
  // No figure is below 0.
  if (!(value >= 0)) return '--';
  if (value === Number.POSITIVE_INFINITY) return 'max';
  switch (unit) {
    case 'percent':
      return value < LARGE ? value.toFixed(value < 1000 ? 1 : 0) : formatRound(value);
    case 'bytes':
      return scaled(value, 1024, IEC);
    case 'bytes_per_second':
      return scaled(value, 1000, SI);
    case 'ops_per_second':
      return value < 1000 ? value.toFixed(value < 10 && value > 0 ? 1 : 0) : formatRound(value);
    case 'count':
      return value < LARGE ? String(Math.round(value)) : formatRound(value);
    case 'cpus':
      return value < 1e4 ? value.toFixed(2) : formatRound(value);
    case 'flag':
      return value === 0 ? 'no' : 'yes';
  }
}

/** From here on six digits do not hold it. */
const LARGE = 999_999.5;

/** In three significant figures: `123k`. */
const formatRound = (value: number): string => scaled(value, 1000, SI_COUNT);

/** The text for so many cells, which are at least 5: where it would be longer, it has less digits. */
export function formatWithin(value: number, unit: Unit, cells: number): string {
  const text = formatValue(value, unit);
  return text.length <= cells ? text : formatRound(value);
}

/**
 * The divisor for figures up to `most`, and the name of the unit then; `{ factor: 1, name: '' }` where the unit has no
 * prefixes.
 */
export function scaleOf(most: number, unit: Unit): { readonly factor: number; readonly name: string } {
  const steps =
    unit === 'bytes'
      ? ([1024, IEC] as const)
      : unit === 'bytes_per_second'
        ? ([1000, SI] as const)
        : unit === 'ops_per_second' || (unit === 'count' && most >= 1e6)
          ? ([1000, SI_COUNT] as const)
          : undefined;
  if (!steps) return { factor: 1, name: '' };
  const [base, names] = steps;
  const power = powerOf(most, base, names.length - 1);
  return { factor: base ** power, name: names[power] ?? '' };
}

/** Three significant figures where there is a fraction: `1.25GiB`, `12.5MiB`, `512MiB`. */
function scaled(value: number, base: number, units: readonly string[]): string {
  const power = powerOf(value, base, units.length - 1);
  const rest = value / base ** power;
  if (rest >= base - 0.5) return `>${base - 1}${units[power]}`;
  const digits = power === 0 || rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  return `${rest.toFixed(digits)}${units[power]}`;
}

/** 999.5 would be rounded to 1000: it is shown in the next unit instead. */
function powerOf(value: number, base: number, most: number): number {
  let power = 0;
  while (Math.abs(value) / base ** power >= base - 0.5 && power < most) power++;
  return power;
}

/** A figure in JSON: null for unavailable, the string "max" for no limit. */
export function jsonValue(value: number): number | 'max' | null {
  if (Number.isNaN(value)) return null;
  if (value === Number.POSITIVE_INFINITY) return 'max';
  return Math.round(value * 1000) / 1000;
}
