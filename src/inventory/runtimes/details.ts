/** What a runtime's API tells of one workload (WorkloadDetails), out of the fields that several of the APIs have. */

import { at, labelsOf, listOf, textOf } from '../names/json.ts';
import { podName } from '../names/source.ts';
import { COMPOSE_LABELS, type WorkloadDetails } from '../workload.ts';

/** The same record without the keys that are undefined, so that records can be merged and compared. */
export function known<Shape extends object>(record: Shape): Shape {
  const copy = { ...record };
  for (const [key, value] of Object.entries(copy)) if (value === undefined) Reflect.deleteProperty(copy, key);
  return copy;
}

type FromLabels = Pick<
  WorkloadDetails,
  'labels' | 'pod' | 'podUid' | 'namespace' | 'containerName' | 'composeProject' | 'composeService'
>;

/** docker-compose, podman-compose, and the kubelet's labels, which cri-dockerd, containerd and CRI-O keep. */
export function fromLabels(labels: unknown): FromLabels {
  return known({
    labels: labelsOf(labels),
    pod: textOf(at(labels, 'io.kubernetes.pod.name')),
    podUid: textOf(at(labels, 'io.kubernetes.pod.uid')),
    namespace: textOf(at(labels, 'io.kubernetes.pod.namespace')),
    containerName: textOf(at(labels, 'io.kubernetes.container.name')),
    composeProject: textOf(at(labels, COMPOSE_LABELS.project)) ?? textOf(at(labels, COMPOSE_LABELS.podmanProject)),
    composeService: textOf(at(labels, COMPOSE_LABELS.service)),
  });
}

/** `pod/container` for a container of Kubernetes; cri-dockerd calls it k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT. */
export const kubernetesName = ({ pod, containerName }: FromLabels, name: string): string =>
  pod !== undefined && containerName !== undefined && name.startsWith('k8s_')
    ? podName(pod, containerName === 'POD' ? 'pause' : containerName)
    : name;

type FromDriver = Pick<WorkloadDetails, 'storageDriver' | 'rootfs' | 'upperDir' | 'lowerDirs'>;

/**
 * `{"Name":"overlay2","Data":{"UpperDir":"…","LowerDir":"a:b:c","MergedDir":"…"}}`; docker leaves it out with
 * containerd's image store.
 */
export function fromGraphDriver(driver: unknown): FromDriver {
  const lower = at(driver, 'Data', 'LowerDir');
  const lowerDirs = typeof lower === 'string' ? lower.split(':').slice(0, MOST_LAYERS).flatMap(present) : [];
  return known({
    storageDriver: textOf(at(driver, 'Name')),
    rootfs: pathOf(at(driver, 'Data', 'MergedDir')),
    upperDir: pathOf(at(driver, 'Data', 'UpperDir')),
    lowerDirs: lowerDirs.length > 0 ? lowerDirs : undefined,
  });
}

/** overlayfs takes 500. */
const MOST_LAYERS = 512;

const present = (path: string): string[] => {
  const text = pathOf(path);
  return text === undefined ? [] : [text];
};

/** `{"bridge":{"IPAddress":"172.17.0.2","GlobalIPv6Address":""},…}` of docker and podman, and podman's older single one. */
export function addressesOf(settings: unknown): string[] | undefined {
  const networks = at(settings, 'Networks');
  const all = typeof networks === 'object' && networks !== null ? Object.values(networks) : [];
  return addressList([settings, ...all].flatMap((one) => [at(one, 'IPAddress'), at(one, 'GlobalIPv6Address')]));
}

const MOST_ADDRESSES = 16;

/** Each once, in their order; undefined for none. */
export function addressList(values: readonly unknown[]): string[] | undefined {
  const addresses = values.flatMap((value) => textOf(value) ?? []).filter((text) => /^[0-9a-f.:%\w]+$/i.test(text));
  return addresses.length > 0 ? [...new Set(addresses)].slice(0, MOST_ADDRESSES) : undefined;
}

/** An id that a cgroup's path may hold: 64 hex digits. */
export function hexIdOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? value : undefined;
}

/** An absolute path. */
export function pathOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text?.startsWith('/') ? text : undefined;
}

export const countOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined;

/** `2026-11-25T02:46:00.5Z`, as milliseconds; Go's zero time (year 1) is no time. */
export function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' && value.length < 64 ? Date.parse(value) : Number.NaN;
  return time > 0 ? time : undefined;
}

/** First answer of the list that is text. */
export const firstText = (values: unknown): string | undefined =>
  listOf(values)
    .map(textOf)
    .find((text) => text !== undefined);
