/** What the container runtime interface says, as details. Messages as proto-loader gives them: enums and int64 as text. */

import { at, parseJson, pidOf, textOf } from '../names/json.ts';
import { podName } from '../names/source.ts';
import type { Runtime, WorkloadDetails } from '../workload.ts';
import { addressList, countOf, fromLabels, hexIdOf, known, pathOf } from './details.ts';

/** `{id, metadata: {name, uid, namespace, attempt}, state: 'SANDBOX_READY', created_at: '1795…', labels}`: the pause container. */
export function criSandbox(runtime: Runtime, sandbox: unknown): WorkloadDetails | undefined {
  const id = hexIdOf(at(sandbox, 'id'));
  const pod = textOf(at(sandbox, 'metadata', 'name'));
  if (id === undefined || pod === undefined) return undefined;
  return known<WorkloadDetails>({
    runtime,
    id,
    name: podName(pod, 'pause'),
    ...fromLabels(at(sandbox, 'labels')),
    pod,
    podUid: textOf(at(sandbox, 'metadata', 'uid')),
    namespace: textOf(at(sandbox, 'metadata', 'namespace')),
    created: nanoseconds(at(sandbox, 'created_at')),
    state: stateOf(at(sandbox, 'state')),
  });
}

/** The pod itself, whose cgroup carries its uid. */
export function criPod({
  runtime,
  pod,
  podUid,
  namespace,
  labels,
  created,
}: WorkloadDetails): WorkloadDetails | undefined {
  if (pod === undefined || podUid === undefined) return undefined;
  return known<WorkloadDetails>({ runtime, id: podUid, name: pod, labels, pod, podUid, namespace, created });
}

/** `{status: {network: {ip, additional_ips: [{ip}]}, linux: {namespaces: {options: {network: 'POD'}}}}, info: {info: '{"pid":1234}'}}` */
export function criSandboxStatus(response: unknown): Partial<WorkloadDetails> {
  const network = at(response, 'status', 'network');
  const more = at(network, 'additional_ips');
  const mode = at(response, 'status', 'linux', 'namespaces', 'options', 'network');
  return known({
    networkMode: mode === 'NODE' ? 'host' : mode === 'POD' ? 'pod' : undefined,
    ipAddresses: addressList([at(network, 'ip'), ...(Array.isArray(more) ? more.map((one) => at(one, 'ip')) : [])]),
    ...fromInfo(response),
  });
}

/** `{id, pod_sandbox_id, metadata: {name, attempt}, image: {image}, state: 'CONTAINER_RUNNING', labels, annotations}` */
export function criContainer(
  runtime: Runtime,
  container: unknown,
  sandboxOf: (id: string) => WorkloadDetails | undefined,
): WorkloadDetails | undefined {
  const id = hexIdOf(at(container, 'id'));
  const containerName = textOf(at(container, 'metadata', 'name'));
  if (id === undefined || containerName === undefined) return undefined;
  const sandbox = sandboxOf(String(at(container, 'pod_sandbox_id')));
  const labels = fromLabels(at(container, 'labels'));
  const pod = sandbox?.pod ?? labels.pod;
  return known<WorkloadDetails>({
    runtime,
    id,
    name: pod === undefined ? containerName : podName(pod, containerName),
    image: textOf(at(container, 'image', 'image')),
    ...labels,
    pod,
    podUid: sandbox?.podUid ?? labels.podUid,
    namespace: sandbox?.namespace ?? labels.namespace,
    containerName,
    created: nanoseconds(at(container, 'created_at')),
    state: stateOf(at(container, 'state')),
    /** The kubelet counts restarts in either. */
    restartCount:
      count(at(container, 'annotations', 'io.kubernetes.container.restartCount')) ??
      countOf(at(container, 'metadata', 'attempt')),
    networkMode: sandbox?.networkMode,
    ipAddresses: sandbox?.ipAddresses,
  });
}

/** `{status: {image: {image: 'docker.io/library/nginx:1.27'}}, info: {info: '…'}}`; the list gives the image's id. */
export function criContainerStatus(response: unknown): Partial<WorkloadDetails> {
  const image = textOf(at(response, 'status', 'image', 'image'));
  return known({ image, ...fromInfo(response) });
}

/**
 * What `verbose` adds is each runtime's own JSON:
 * `{"pid":1234,"snapshotter":"overlayfs","runtimeSpec":{"root":{"path":"…"},"linux":{"cgroupsPath":"…"}}}`
 */
function fromInfo(response: unknown): Partial<WorkloadDetails> {
  const text = at(response, 'info', 'info');
  const info = typeof text === 'string' ? parseJson(text) : undefined;
  return known({
    initPid: pidOf(at(info, 'pid')),
    storageDriver: textOf(at(info, 'snapshotter')),
    rootfs: pathOf(at(info, 'runtimeSpec', 'root', 'path')),
    cgroupPath: cgroupPath(at(info, 'runtimeSpec', 'linux', 'cgroupsPath')),
  });
}

/** A path, or systemd's `slice:prefix:id`, which is a scope in nested slices. */
export function cgroupPath(value: unknown): string | undefined {
  const text = textOf(value);
  const [, slice, prefix, id] = /^([^:/]+)\.slice:([^:/]*):([^:/]+)$/.exec(text ?? '') ?? [];
  if (slice === undefined || prefix === undefined || id === undefined) return pathOf(text);
  const parts = slice.split('-');
  const slices = parts.map((_, index) => `${parts.slice(0, index + 1).join('-')}.slice`);
  return `/${slices.join('/')}/${prefix === '' ? '' : `${prefix}-`}${id}.scope`;
}

const stateOf = (state: unknown): string | undefined =>
  textOf(state)
    ?.replace(/^(?:CONTAINER|SANDBOX)_/, '')
    .toLowerCase();

function nanoseconds(value: unknown): number | undefined {
  const time = typeof value === 'string' && /^\d{1,20}$/.test(value) ? Math.round(Number(value) / 1e6) : 0;
  return time > 0 ? time : undefined;
}

const count = (value: unknown): number | undefined =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
