/**
 * Sums over rows. A row inside another one of them is part of it and is not counted again; a network namespace that
 * several of them share is counted once.
 */

import { areNested } from '../kernel/cgroup-path.ts';
import { NOT_READ } from '../kernel/collector.ts';
import { metric } from './catalogue.ts';
import { column, NETWORK_FILE, SNAPSHOT_FILES } from './files.ts';
import { type MadeFrom, madeFrom } from './made-from.ts';
import type { Metric, Unit } from './metric.ts';
import { errorAt, type Snapshot } from './snapshot.ts';
import type { Usage } from './usage.ts';

/** Units whose figures are parts of different wholes, or no amounts. */
const WITHOUT_SUM: readonly Unit[] = ['percent', 'cpus', 'flag'];

/** Whether the figures of several rows add up: limits do not. */
export const isAdditive = ({ unit, isLimit, hasSum }: Pick<Metric, 'unit' | 'isLimit' | 'hasSum'>): boolean =>
  hasSum ?? (isLimit !== true && !WITHOUT_SUM.includes(unit));

/** Those of the rows that lie in no other one of them. */
export function outermost(rows: readonly number[], parents: Int32Array): number[] {
  const isIn = new Uint8Array(parents.length);
  for (const row of rows) isIn[row] = 1;
  return rows.filter((row) => {
    for (let up = parents[row] ?? -1; up >= 0; up = parents[up] ?? -1) if (isIn[up]) return false;
    return true;
  });
}

/**
 * Sum over the rows that have the metric: NaN where it has no sum or no row has it. Where `isPartial`, all of them together
 * have at least so much. `rows` must be outermost.
 */
export function sumOf(usage: Usage, id: string, rows: readonly number[]): number {
  const shape = metric(id);
  if (!isAdditive(shape)) return Number.NaN;
  const values = usage.column(id);
  const networks = isOfNetwork(shape) ? networksOf(usage.snapshot) : undefined;
  const last = sums.get(values) ?? madeFrom<number>();
  sums.set(values, last);
  return last([rows, networks], () => sumOver(values, rows, networks));
}

/**
 * The last sum, by the array of its figures. The next tick has the same array, and so the same sum, where all figures stand
 * still.
 */
const sums = new WeakMap<Float64Array, MadeFrom<number>>();

function sumOver(values: Float64Array, rows: readonly number[], networks: Float64Array | undefined): number {
  const counted = new Set<number>();
  let [sum, known] = [0, 0];
  for (const row of rows) {
    const value = values[row] ?? Number.NaN;
    const network = networks?.[row];
    if (Number.isNaN(value) || (network !== undefined && counted.has(network))) continue;
    if (network !== undefined) counted.add(network);
    sum += value;
    known++;
  }
  return known > 0 ? sum : Number.NaN;
}

/** Whether the sum is of some of the rows only: the network of one that is not visible is not read. */
export const isPartial = ({ snapshot }: Usage, of: Pick<Metric, 'sources'>, rows: readonly number[]): boolean =>
  isOfNetwork(of) && rows.some((row) => errorAt(snapshot, NETWORK, row) === NOT_READ);

export const isOfNetwork = ({ sources }: Pick<Metric, 'sources'>): boolean =>
  sources.some((source) => source.startsWith(`${NETWORK_FILE.file}:`));

const NETWORK = SNAPSHOT_FILES.indexOf(NETWORK_FILE);
const NETNS = column(`${NETWORK_FILE.file}:netns`);

/** By row, the inode of its network namespace; NaN for the host's, and where it was not read. */
export const networksOf = ({ values }: Pick<Snapshot, 'values'>): Float64Array => values[NETNS] ?? new Float64Array();

/** All that sums are made of, beside rows and their figures. */
export const sumInputs = (snapshot: Snapshot): readonly unknown[] => [
  snapshot.parents,
  networksOf(snapshot),
  snapshot.errors[NETWORK],
];

export const networkOf = ({ snapshot }: Usage, row: number): number => networksOf(snapshot)[row] ?? Number.NaN;

/** Other rows in the network namespace of this one, without its ancestors and descendants. */
export function networkSharers(usage: Usage, row: number): number[] {
  const netns = networkOf(usage, row);
  const { rows } = usage.snapshot;
  const own = rows[row]?.path;
  if (Number.isNaN(netns) || own === undefined) return [];
  return rows.flatMap(({ path }, other) => (networkOf(usage, other) === netns && !areNested(path, own) ? [other] : []));
}
