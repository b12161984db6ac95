/** containerd, and so Kubernetes and nerdctl: /run/containerd/io.containerd.runtime.v2.task/NAMESPACE/ID/config.json. */

import { join } from 'node:path';
import { namesFromAnnotations } from './annotations.ts';
import { at, parseJson } from './json.ts';
import { firstOf, idComponent, type Places, runFolders } from './places.ts';
import { createReadFolder, createReadSmall, parsePid } from './small-file.ts';
import { isContainerOf, type NameSource } from './source.ts';

const FOLDERS = [
  'run/containerd',
  'run/k3s/containerd',
  'run/k0s/containerd',
  'var/snap/microk8s/common/run/containerd',
];

export function createContainerdFiles(places: Places): NameSource {
  const readFolder = createReadFolder();
  const readConfig = createReadSmall((text) => namesFromAnnotations(at(parseJson(text), 'annotations')));
  const readPid = createReadSmall(parsePid);
  return {
    name: 'containerd files',
    matches: (identity) => isContainerOf(identity, 'containerd', 'kubernetes', 'nerdctl', 'nomad'),
    async lookup({ id, uid }) {
      const component = idComponent(id);
      if (component === undefined) return undefined;
      return firstOf(runFolders(places, FOLDERS, ['containerd'], uid), async (folder) => {
        const tasks = join(folder, 'io.containerd.runtime.v2.task');
        const bundles = (await readFolder(tasks)).map((namespace) => join(tasks, namespace, component));
        return firstOf(bundles, async (bundle) => {
          const names = await readConfig(join(bundle, 'config.json'));
          const initPid = await readPid(join(bundle, 'init.pid'));
          return names && { ...names, ...(initPid !== undefined && { initPid }) };
        });
      });
    },
  };
}
