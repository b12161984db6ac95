/**
 * Names in the annotations of an OCI container, which containerd, CRI-O and nerdctl write into its config.json:
 *
 *     io.kubernetes.cri.container-name, .container-type, .image-name, .sandbox-name, .sandbox-namespace     containerd
 *     io.kubernetes.container.name, io.kubernetes.pod.name, .namespace, io.kubernetes.cri-o.ImageName       CRI-O
 *     nerdctl/name                                                                                          nerdctl
 *
 * and in docker's labels, which cri-dockerd writes (io.kubernetes.container.name, io.kubernetes.pod.name, …).
 */

import { at, labelsOf, parseJson, textOf } from './json.ts';
import { type Names, podName } from './source.ts';

/** What a pod's sandbox is called: `POD` to docker, the infra or pause container to people. */
const SANDBOX = 'pause';

export function namesFromAnnotations(annotations: unknown): Names {
  const first = (...keys: readonly string[]): string | undefined => {
    for (const key of keys) {
      const text = textOf(at(annotations, key));
      if (text !== undefined) return text;
    }
    return undefined;
  };
  const pod = first('io.kubernetes.cri.sandbox-name', 'io.kubernetes.pod.name');
  const namespace = first('io.kubernetes.cri.sandbox-namespace', 'io.kubernetes.pod.namespace');
  const type = first(
    'io.kubernetes.cri.container-type',
    'io.kubernetes.cri-o.ContainerType',
    'io.kubernetes.docker.type',
  );
  const isSandbox = type === 'sandbox' || type === 'podsandbox';
  const container = isSandbox ? SANDBOX : first('io.kubernetes.cri.container-name', 'io.kubernetes.container.name');
  const image = first('io.kubernetes.cri.image-name', 'io.kubernetes.cri-o.ImageName', 'io.kubernetes.cri-o.Image');
  const labels = labelsOf(parseJson(textAt(annotations, 'io.kubernetes.cri-o.Labels')));
  const name =
    pod !== undefined && container !== undefined ? podName(pod, container) : (container ?? first('nerdctl/name'));
  return {
    ...(name !== undefined && { name }),
    ...(image !== undefined && { image }),
    ...(pod !== undefined && { pod }),
    ...(namespace !== undefined && { namespace }),
    ...(labels && { labels }),
  };
}

function textAt(value: unknown, key: string): string {
  const text = at(value, key);
  return typeof text === 'string' ? text : '';
}
