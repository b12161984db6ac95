/**
 * A Frame as the requests of OTLP/HTTP (`otlp-messages.ts`): each workload is a resource with its attributes, each figure a
 * metric of one point. The SDK of OpenTelemetry would be 22 packages.
 *
 *     container.memory.usage     a name of OpenTelemetry's conventions for containers, where the meaning is the same
 *     tscg.pressure_cpu_waiting  ours: the name that Prometheus has, without its unit
 *
 * What is unavailable has no point. No limit is the number Infinity.
 */

import type { Workload } from '../inventory/workload.ts';
import type { OtelName } from '../metrics/metric.ts';
import type { Frame } from '../metrics/source.ts';
import type { Usage } from '../metrics/usage.ts';
import { FAMILIES, type Family } from './families.ts';
import { HOST_FAMILIES } from './host-families.ts';
import { infoLabels, type LabelName, seriesLabels } from './labels.ts';
import { type Attributes, metricOf, pointOf, resourceOf } from './otlp-messages.ts';
import { createStarts, type StartsOf } from './starts.ts';

/** Which machine the figures are of, and which version of tscg sends them. */
export interface Sender {
  readonly host: string;
  readonly version: string;
  /** When the machine booted, since when its own counters count: milliseconds since the epoch. */
  readonly booted: number;
}

/** Resources of one request, which keep it at about a megabyte. */
const MOST_RESOURCES = 100;

/** The attribute for each of our labels: OpenTelemetry's own where its conventions have one. */
const ATTRIBUTES: Readonly<Record<LabelName, string>> = {
  id: 'tscg.cgroup.path',
  name: 'service.name',
  kind: 'tscg.kind',
  namespace: 'k8s.namespace.name',
  pod: 'k8s.pod.name',
  container: 'k8s.container.name',
  owner: 'tscg.owner',
  runtime: 'container.runtime',
  image: 'container.image.name',
  container_id: 'container.id',
  compose_project: 'tscg.compose.project',
  compose_service: 'tscg.compose.service',
};

/** Of milliseconds since the epoch. */
const nanoseconds = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;

/** Gives the bodies of the requests for each Frame of one source, each made when it is asked for. */
export function createRequests(sender: Sender): (frame: Frame, rows: readonly number[]) => Generator<Buffer> {
  const startsIn = createStarts();
  return function* requests(frame, rows) {
    const { snapshot } = frame.usage;
    const time = nanoseconds(snapshot.wall);
    const sent = sentMetrics(frame.usage, startsIn(snapshot));
    const resources: Buffer[] = [hostResource(frame, time, sender)];
    for (const row of rows) {
      const workload = frame.workloads[row];
      if (!workload) continue;
      const metrics = sent.flatMap((metric) => metricAt(metric, frame.usage, row, time));
      if (metrics.length === 0) continue;
      resources.push(resourceOf(workloadAttributes(workload, sender), metrics, sender.version));
      if (resources.length >= MOST_RESOURCES) yield Buffer.concat(resources.splice(0));
    }
    if (resources.length > 0) yield Buffer.concat(resources);
  };
}

/** `service.instance.id` tells the series of two workloads apart in a store that has no other attribute of a resource. */
function workloadAttributes(workload: Workload, { host }: Sender): Attributes {
  const labels = [...seriesLabels(workload), ...infoLabels(workload)];
  const id = labels.find(([name]) => name === 'id')?.[1] ?? '';
  return [
    ['host.name', host],
    ['service.instance.id', `${host}:${id}`],
    ...(workload.kind === 'container' ? [['container.name', workload.name] as const] : []),
    ...labels.map(([name, value]) => [ATTRIBUTES[name], value] as const),
  ];
}

/** A metric as it is sent. Families that have one name in OpenTelemetry are one, and their points differ by an attribute. */
interface SentMetric extends Pick<OtelName, 'name' | 'unit' | 'instrument'> {
  readonly columns: readonly SentColumn[];
}

interface SentColumn {
  readonly figures: Float64Array;
  /** Of sums. */
  readonly starts?: Float64Array;
  readonly attribute?: readonly [name: string, value: string] | undefined;
  readonly tag?: Family['tag'];
}

/** All metrics with the figures of all rows. */
function sentMetrics(usage: Usage, startsOf: StartsOf): readonly SentMetric[] {
  const metrics = new Map<string, SentMetric>();
  for (const family of FAMILIES) {
    const { tag } = family;
    const otel = otelNameOf(family);
    const figures = (family.otel ?? family).figures(usage);
    const { name, unit, instrument } = otel;
    const starts = instrument !== 'gauge' && startsOf(family.name, figures, instrument === 'updowncounter');
    const column: SentColumn = { figures, attribute: otel.attribute, ...(starts && { starts }), ...(tag && { tag }) };
    metrics.set(name, { name, unit, instrument, columns: [...(metrics.get(name)?.columns ?? []), column] });
  }
  return [...metrics.values()];
}

/** The name in OpenTelemetry's conventions, else ours. */
export const otelNameOf = (family: Pick<Family, 'name' | 'unit' | 'type' | 'otel'>): OtelName =>
  family.otel ?? ownName(family);

const UNITS: Readonly<Record<string, string>> = { seconds: 's', bytes: 'By', cpus: '{cpu}' };

const ownName = ({ name, unit = '', type }: Pick<Family, 'name' | 'unit' | 'type'>): OtelName => ({
  name: `tscg.${name.replace(/^(tscg|container)_/, '').replace(unit && `_${unit}`, '')}`,
  unit: UNITS[unit] ?? '1',
  instrument: type,
});

function metricAt({ columns, ...metric }: SentMetric, usage: Usage, row: number, time: bigint): Buffer[] {
  const points = columns.flatMap(({ figures, starts, attribute, tag }) => {
    const value = figures[row] ?? Number.NaN;
    const tagged = tag?.[1](usage, row);
    if (Number.isNaN(value) || (tag && tagged === undefined)) return [];
    return [
      pointOf(value, { time, start: starts && nanoseconds(starts[row] ?? Number.NaN) }, [
        ...(attribute ? [attribute] : []),
        ...(tag && tagged !== undefined ? [[`tscg.${tag[0]}`, tagged] as const] : []),
      ]),
    ];
  });
  return points.length > 0 ? [metricOf(metric, points)] : [];
}

function hostResource(frame: Frame, time: bigint, sender: Sender): Buffer {
  const booted = nanoseconds(Math.min(sender.booted, frame.usage.snapshot.wall));
  const metrics = HOST_FAMILIES.flatMap((family) => {
    const value = family.figure(frame);
    if (Number.isNaN(value)) return [];
    return [
      metricOf(ownName(family), [pointOf(value, { time, start: family.type === 'counter' ? booted : undefined }, [])]),
    ];
  });
  const attributes: Attributes = [
    ['host.name', sender.host],
    ['service.name', 'tscg'],
    ['service.instance.id', sender.host],
  ];
  return resourceOf(attributes, metrics, sender.version);
}
