/**
 * The labels of a workload. Their number is fixed and their length bounded, as their text comes from containers and a store
 * keeps each one. `id` is the cgroup's path, as in cadvisor, and tells the series of a scrape apart.
 */

import type { Workload } from '../inventory/workload.ts';
import { FACTS, type FactName } from '../inventory/workload-facts.ts';
import { clean } from '../text/clean.ts';
import { openMetricsText } from '../text/openmetrics.ts';

/** Characters of a label. */
const MOST = 200;
/** Characters of `id`. PATH_MAX is 4096, and stores refuse labels that are much shorter: Mimir those above 2048. */
const MOST_OF_PATH = 1024;

/** Facts that are labels of every series beside `id`, as far as they are known. */
const SERIES_FACTS = ['name', 'kind', 'namespace', 'pod', 'container'] as const;
/** Facts that are labels of tscg_workload_info alone. */
const INFO_FACTS = ['owner', 'runtime', 'image', 'container_id', 'compose_project', 'compose_service'] as const;

export type LabelName = 'id' | (typeof SERIES_FACTS | typeof INFO_FACTS)[number];

const OWN_LABELS: ReadonlySet<string> = new Set<LabelName>(['id', ...SERIES_FACTS, ...INFO_FACTS]);

/** What Prometheus puts before a label of a series where the scraped target has a label of the same name. */
export const RENAMED = 'exported_';

/** Whether a label that a store has is one of ours. */
export const isOwnLabel = (name: string): boolean =>
  OWN_LABELS.has(name.startsWith(RENAMED) ? name.slice(RENAMED.length) : name);

type Labels = readonly (readonly [name: LabelName, value: string])[];

/** A path that is cut or cleaned ends with the inode, so that no two of them are the same. */
export function idLabel({ path, inode }: Pick<Workload, 'path' | 'inode'>): string {
  const safe = bounded(clean(path), MOST_OF_PATH);
  return safe === path ? path : `${safe}#${inode}`;
}

export const seriesLabels = (workload: Workload): Labels => [
  ['id', idLabel(workload)],
  ...known(workload, SERIES_FACTS),
];

export const infoLabels = (workload: Workload): Labels => known(workload, INFO_FACTS);

const known = (workload: Workload, names: readonly (LabelName & FactName)[]): Labels =>
  names.flatMap((name) => {
    const text = FACTS[name](workload);
    return text ? [[name, bounded(clean(text), MOST)] as const] : [];
  });

/** What a scrape of Kubernetes tells of its target: the pod of the exporter. */
const OF_TARGET: readonly LabelName[] = ['namespace', 'pod', 'container'];

/**
 * With an empty label for each of those that the workload has not. Prometheus stores no empty label, but with honor_labels it
 * leaves that of the target out where the series has one of its own.
 */
export const withoutTarget = (labels: Labels): Labels => [
  ...labels,
  ...OF_TARGET.filter((name) => labels.every(([own]) => own !== name)).map((name) => [name, ''] as const),
];

/** Cut to the length; never within a surrogate pair, half of which is no UTF-8. */
const bounded = (text: string, most: number): string =>
  text.length <= most ? text : `${[...text.slice(0, most)].slice(0, -1).join('')}…`;

/** `{id="/a",name="web"`: without the closing brace, so that another label can follow. */
export const labelText = (labels: readonly (readonly [name: string, value: string])[]): string =>
  `{${labels.map(([name, value]) => `${name}="${openMetricsText(value)}"`).join(',')}`;
