/** Sums over rows that add up: a row inside another one of them is part of it and is not counted again. */
import { type Metric, metric } from './catalogue.ts';
import type { Usage } from './usage.ts';

/** Shares of different wholes, running averages, limits and flags have no sum; nor has network, which rows may share. */
export function isAdditive({ id, unit }: Metric): boolean {
  if (unit === 'flag' || unit === 'cpus' || id.startsWith('net_') || id.startsWith('psi_')) return false;
  if (unit === 'percent') return ['cpu_percent', 'cpu_user_percent', 'cpu_system_percent'].includes(id);
  return !/limit|peak|weight/.test(id);
}

/** The rows that lie in no other one of them. */
export function outermost(rows: readonly number[], parents: Int32Array): number[] {
  const all = new Set(rows);
  return rows.filter((row) => {
    for (let up = parents[row] ?? -1; up >= 0; up = parents[up] ?? -1) if (all.has(up)) return false;
    return true;
  });
}

/** NaN where the metric has no sum, or no row has it. `rows` must be outermost. */
export function sumOf(usage: Usage, id: string, rows: readonly number[]): number {
  if (!isAdditive(metric(id))) return Number.NaN;
  const column = usage.column(id);
  let sum = Number.NaN;
  for (const row of rows) {
    const value = column[row] ?? Number.NaN;
    if (!Number.isNaN(value)) sum = Number.isNaN(sum) ? value : sum + value;
  }
  return sum;
}
