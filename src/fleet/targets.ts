/**
 * Which machine a series is of. A store that has the series of several others, by federation or as Thanos and Mimir have, may
 * know two machines of the same instance and job: a label of the store each came from tells them apart, as `cluster`.
 */

import { INFO_SERIES } from '../export/families.ts';
import { isOwnLabel, RENAMED } from '../export/labels.ts';
import type { TargetLabels } from './queries.ts';
import type { TimeSeries } from './store.ts';

type Labels = TimeSeries['labels'];

/** `apart`: the labels beside instance and job that tell machines apart. */
export const targetOf = ({ instance = '', job = '', ...labels }: Labels, apart: readonly string[]): TargetLabels => ({
  ...{ instance, job },
  ...Object.fromEntries(apart.map((label) => [label, labels[label] ?? ''])),
});

/** The same as a text. No label has a line break: they are cleaned. */
export function targetKey(labels: Labels, apart: readonly string[]): string {
  let key = `${labels.instance ?? ''}\n${labels.job ?? ''}`;
  for (const label of apart) key += `\n${labels[label] ?? ''}`;
  return key;
}

/** Labels beyond so many tell nothing to whoever reads them. */
const MOST_APART = 8;

/**
 * The labels in which series of the same cgroup, instance and job differ that are of the same time. No machine is scraped under
 * two of them at once; one after the other it is, where its labels are changed.
 */
export function labelsApart(all: readonly TimeSeries[]): string[] {
  const apart = new Set<string>();
  const newest = new Map<string, TimeSeries>();
  for (const series of all) {
    const { labels } = series;
    if (labels.__name__ !== INFO_SERIES) continue;
    const key = `${targetKey(labels, [])}\n${labels.id}`;
    const known = newest.get(key);
    if (known && areOfOneTime(known, series)) for (const label of differing(known.labels, labels)) apart.add(label);
    if (!known || lastOf(series) > lastOf(known)) newest.set(key, series);
  }
  return [...apart].slice(0, MOST_APART);
}

const firstOf = ({ samples }: TimeSeries): number => samples[0]?.[0] ?? Number.NaN;
const lastOf = ({ samples }: TimeSeries): number => samples.at(-1)?.[0] ?? Number.NaN;

/** Single samples are so far apart that they do not tell; two machines that are shown as one are worse than one shown twice. */
const areOfOneTime = (one: TimeSeries, other: TimeSeries): boolean =>
  (one.samples.length === 1 && other.samples.length === 1) ||
  (firstOf(one) <= lastOf(other) && firstOf(other) <= lastOf(one));

function differing(one: Labels, other: Labels): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => one[name] !== other[name] && isOfStore(name));
}

const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/;

/**
 * Whether a store may have given a series that label. The one that tells two Prometheus apart which scrape the same machines is
 * called `replica`, `prometheus_replica` or `__replica__`.
 */
const isOfStore = (name: string): boolean => LABEL_NAME.test(name) && !isOwnLabel(name) && !name.includes('replica');

/**
 * A name for each machine, by its key: its instance, without the port where that tells all of them apart, with their job where
 * nothing less does. What else tells machines apart comes first, so that it is seen where a name is cut: `eu/web-1`.
 */
export function machineNames(targets: ReadonlyMap<string, TargetLabels>): ReadonlyMap<string, string> {
  const namesBy = (nameOf: (target: TargetLabels) => readonly string[]): Map<string, string> =>
    new Map([...targets].map(([key, target]) => [key, nameOf(target).filter(Boolean).join('/')]));
  for (const nameOf of NAMES) {
    const names = namesBy(nameOf);
    if (new Set(names.values()).size === targets.size) return names;
  }
  return namesBy(wholeName);
}

/** A Prometheus that takes its series from another one, without honor_labels, has renamed the labels of that one. */
const labelOf = (target: TargetLabels, label: 'instance' | 'job'): string =>
  target[`${RENAMED}${label}`] || target[label] || '';

const RENAMED_NAMES: ReadonlySet<string> = new Set(['instance', 'job'].map((label) => `${RENAMED}${label}`));

const apartOf = ({ instance, job, ...apart }: TargetLabels): string[] =>
  Object.entries(apart).flatMap(([label, value]) => (RENAMED_NAMES.has(label) ? [] : [value]));

/** Parts of a name, the shortest one first. */
const NAMES: readonly ((target: TargetLabels) => readonly string[])[] = [
  (target) => [...apartOf(target), labelOf(target, 'instance').replace(/:\d+$/, '')],
  (target) => [...apartOf(target), labelOf(target, 'instance')],
  (target) => [...apartOf(target), labelOf(target, 'job'), labelOf(target, 'instance')],
];

const wholeName = ({ instance = '', ...others }: TargetLabels): string[] => [
  ...Object.entries(others).map(([label, value]) => `${label}=${value}`),
  instance,
];
