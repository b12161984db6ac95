/**
 * Sums over rows that add up: a row inside another one of them is part of it and is not counted again, nor is a network
 * namespace that several of them share.
 */
import { areNested } from '../kernel/cgroup-path.ts';
import { NOT_READ } from '../kernel/collector.ts';
import { type Metric, metric } from './catalogue.ts';
import { column, NETWORK_FILE, SNAPSHOT_FILES } from './files.ts';
import type { Usage } from './usage.ts';

/** Shares of different wholes, running averages, limits and flags have no sum. */
export function isAdditive({ id, unit }: Metric): boolean {
  if (unit === 'flag' || unit === 'cpus' || id.startsWith('psi_')) return false;
  if (unit === 'percent') return ['cpu_percent', 'cpu_user_percent', 'cpu_system_percent'].includes(id);
  return !/limit|headroom|peak|weight/.test(id);
}

/** The rows that lie in no other one of them. */
export function outermost(rows: readonly number[], parents: Int32Array): number[] {
  const all = new Set(rows);
  return rows.filter((row) => {
    for (let up = parents[row] ?? -1; up >= 0; up = parents[up] ?? -1) if (all.has(up)) return false;
    return true;
  });
}

/**
 * Over the rows that have it: NaN where the metric has no sum or no row has it. Where `isPartial`, it is the least that all
 * of them have. `rows` must be outermost.
 */
export function sumOf(usage: Usage, id: string, rows: readonly number[]): number {
  const shape = metric(id);
  if (!isAdditive(shape)) return Number.NaN;
  const values = usage.column(id);
  const counted = new Set<number>();
  let sum = Number.NaN;
  for (const row of rows) {
    const value = values[row] ?? Number.NaN;
    const netns = isOfNetwork(shape) ? networkOf(usage, row) : undefined;
    if (Number.isNaN(value) || (netns !== undefined && counted.has(netns))) continue;
    if (netns !== undefined) counted.add(netns);
    sum = Number.isNaN(sum) ? value : sum + value;
  }
  return sum;
}

/** The network of one of the rows was not read, because it is not visible: their sum is of some of them only. */
export const isPartial = ({ snapshot }: Usage, id: string, rows: readonly number[]): boolean =>
  isOfNetwork(metric(id)) && rows.some((row) => snapshot.errors[NETWORK * snapshot.rows.length + row] === NOT_READ);

export const isOfNetwork = ({ sources }: Metric): boolean =>
  sources.some((source) => source.startsWith(`${NETWORK_FILE.file}:`));

const NETWORK = SNAPSHOT_FILES.indexOf(NETWORK_FILE);
const NETNS = column(`${NETWORK_FILE.file}:netns`);

/** What tells the network namespace of a row; NaN for the host's, and where it was not read. */
export const networkOf = ({ snapshot }: Usage, row: number): number =>
  snapshot.values[NETNS * snapshot.rows.length + row] ?? Number.NaN;

/** Other rows with the network namespace of this one, beside what holds it and what it holds. */
export function networkSharers(usage: Usage, row: number): number[] {
  const netns = networkOf(usage, row);
  const { rows } = usage.snapshot;
  const own = rows[row]?.path;
  if (Number.isNaN(netns) || own === undefined) return [];
  return rows.flatMap(({ path }, other) => (networkOf(usage, other) === netns && !areNested(path, own) ? [other] : []));
}
