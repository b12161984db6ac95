/** CRI-O: /run/containers/storage/overlay-containers/ID/userdata/config.json, also below /var/lib. */

import { join } from 'node:path';
import { namesFromAnnotations } from './annotations.ts';
import { at, parseJson } from './json.ts';
import { firstOf, idComponent, type Places } from './places.ts';
import { createReadSmall, parsePid } from './small-file.ts';
import { isContainerOf, type NameSource } from './source.ts';

const FOLDERS = ['run/containers/storage', 'var/lib/containers/storage'];

export function createCrioFiles({ root }: Places): NameSource {
  const readConfig = createReadSmall((text) => namesFromAnnotations(at(parseJson(text), 'annotations')));
  const readPid = createReadSmall(parsePid);
  return {
    name: 'CRI-O files',
    matches: (identity) => isContainerOf(identity, 'cri-o', 'kubernetes'),
    async lookup({ id }) {
      const component = idComponent(id);
      if (component === undefined) return undefined;
      return firstOf(
        FOLDERS.map((folder) => join(root, folder, 'overlay-containers', component, 'userdata')),
        async (userdata) => {
          const names = await readConfig(join(userdata, 'config.json'));
          const initPid = await readPid(join(userdata, 'pidfile'));
          return names && { ...names, ...(initPid !== undefined && { initPid }) };
        },
      );
    },
  };
}
