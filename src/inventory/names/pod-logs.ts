/**
 * The kubelet's log folders, which hold names without any API and for every runtime:
 *
 *     /var/log/pods/NAMESPACE_POD_UID/CONTAINER/0.log
 *     /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log      a link to the former
 */

import { join } from 'node:path';
import { clean } from '../../text/clean.ts';
import { idComponent, type Places } from './places.ts';
import { createReadFolder } from './small-file.ts';
import { type NameSource, type Names, podName } from './source.ts';

export function createPodLogs({ root }: Places): NameSource {
  const pods = createIndex(join(root, 'var/log/pods'), parsePodFolder);
  const containers = createIndex(join(root, 'var/log/containers'), parseContainerLog);
  return {
    name: 'pod log folders',
    matches: ({ kind, runtime, podUid }) =>
      (kind === 'pod' && runtime === 'kubernetes') ||
      (kind === 'container' && (podUid !== undefined || runtime === undefined)),
    async lookup({ kind, id, podUid }) {
      const pod = podUid === undefined ? undefined : (await pods()).get(podUid);
      if (kind === 'pod') return pod && { ...pod, ...(pod.pod !== undefined && { name: pod.pod }) };
      const component = idComponent(id);
      const container = component === undefined ? undefined : (await containers()).get(component);
      return container ?? pod;
    },
  };
}

type Entry = readonly [key: string, names: Names];

/** What the names in a folder say, by uid or id; made again only when the folder changed. */
function createIndex(
  folder: string,
  parse: (name: string) => Entry | undefined,
): () => Promise<ReadonlyMap<string, Names>> {
  const readFolder = createReadFolder();
  let listed: readonly string[] = [];
  let index: ReadonlyMap<string, Names> = new Map();
  return async () => {
    const names = await readFolder(folder);
    if (names === listed) return index;
    const entries = new Map<string, Names>();
    for (const name of names) {
      const entry = parse(name);
      if (entry) entries.set(entry[0], entry[1]);
    }
    listed = names;
    index = entries;
    return index;
  };
}

/** `kube-system_etcd-node1_187bff14cccb94f179e943eacce55bb3` */
export function parsePodFolder(name: string): Entry | undefined {
  const [, namespace, pod, uid] = /^([^_]+)_([^_]+)_([0-9a-f-]{32,36})$/.exec(name) ?? [];
  if (namespace === undefined || pod === undefined || uid === undefined) return undefined;
  return [uid, { pod: clean(pod), namespace: clean(namespace) }];
}

/** `etcd-node1_kube-system_etcd-<64 hex>.log` */
export function parseContainerLog(name: string): Entry | undefined {
  const [, pod, namespace, container, id] = /^([^_]+)_([^_]+)_(.+)-([0-9a-f]{64})\.log$/.exec(name) ?? [];
  if (pod === undefined || namespace === undefined || container === undefined || id === undefined) return undefined;
  return [id, { name: clean(podName(pod, container)), pod: clean(pod), namespace: clean(namespace) }];
}
