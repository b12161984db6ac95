/** docker: /var/lib/docker/containers/ID/config.v2.json, `~/.local/share/docker/…` for a rootless one. */

import { join } from 'node:path';
import { namesFromAnnotations } from './annotations.ts';
import { at, labelsOf, parseJson, pidOf, textOf } from './json.ts';
import { dataFolders, firstOf, idComponent, type Places } from './places.ts';
import { createReadSmall } from './small-file.ts';
import { isContainerOf, type NameSource, type Names } from './source.ts';

const FOLDERS = ['var/lib/docker', 'var/snap/docker/common/var-lib-docker'];

export function createDockerFiles(places: Places): NameSource {
  const readConfig = createReadSmall(parseDockerConfig);
  const readDataRoot = createReadSmall((text) => textOf(at(parseJson(text), 'data-root')));
  return {
    name: 'docker files',
    matches: (identity) => isContainerOf(identity, 'docker', 'kubernetes', 'ecs', 'nomad'),
    async lookup({ id, uid }) {
      const component = idComponent(id);
      if (component === undefined) return undefined;
      const folders = await dataFolders(places, FOLDERS, 'docker', uid);
      const moved = await readDataRoot(join(places.root, 'etc/docker/daemon.json'));
      if (moved?.startsWith('/')) folders.unshift(join(places.root, moved));
      return firstOf(
        folders.map((folder) => join(folder, 'containers', component, 'config.v2.json')),
        readConfig,
      );
    },
  };
}

/** `{"ID":"…","Name":"/web","Config":{"Image":"nginx:1.27","Labels":{…}},"State":{"Running":true,"Pid":1234}}` */
export function parseDockerConfig(text: string): Names | undefined {
  const config = parseJson(text);
  const name = textOf(at(config, 'Name'))?.replace(/^\//, '');
  if (!name) return undefined;
  const image = textOf(at(config, 'Config', 'Image'));
  const labels = labelsOf(at(config, 'Config', 'Labels'));
  const initPid = pidOf(at(config, 'State', 'Pid'));
  return {
    name,
    ...(image !== undefined && { image }),
    ...(labels && { labels }),
    ...(initPid !== undefined && { initPid }),
    /** cri-dockerd names its containers k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT; the labels say it better. */
    ...(name.startsWith('k8s_') && namesFromAnnotations(labels)),
  };
}
