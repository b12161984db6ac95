/**
 * podman: containers.json of its storage (/var/lib/containers/storage/overlay-containers), `~/.local/share/…` for a
 * rootless one. Its labels and the names of its pods are in a database that only its API reads.
 */

import { join } from 'node:path';
import { at, listOf, parseJson, textOf } from './json.ts';
import { dataFolders, firstOf, idComponent, type Places, runFolders } from './places.ts';
import { createReadSmall, parsePid } from './small-file.ts';
import { isContainerOf, type NameSource, type Names } from './source.ts';

const DRIVERS = ['overlay', 'vfs', 'btrfs'];

export function createPodmanFiles(places: Places): NameSource {
  const readContainers = createReadSmall(parseContainers);
  const readPid = createReadSmall(parsePid);
  return {
    name: 'podman files',
    matches: (identity) => isContainerOf(identity, 'podman'),
    async lookup({ id, uid }) {
      const component = idComponent(id);
      if (component === undefined) return undefined;
      const storage = await dataFolders(places, ['var/lib/containers/storage'], 'containers/storage', uid);
      const lists = storage.flatMap((folder) =>
        DRIVERS.map((driver) => join(folder, `${driver}-containers`, 'containers.json')),
      );
      const names = await firstOf(lists, async (path) => (await readContainers(path))?.get(component));
      const state = runFolders(places, ['run/containers/storage'], ['containers'], uid);
      const pidFiles = state.flatMap((folder) =>
        DRIVERS.map((driver) => join(folder, `${driver}-containers`, component, 'userdata/pidfile')),
      );
      const initPid = await firstOf(pidFiles, readPid);
      return names && { ...names, ...(initPid !== undefined && { initPid }) };
    },
  };
}

/** `[{"id":"…","names":["web"],"image":"…","metadata":"{\"image-name\":\"docker.io/library/nginx:latest\",…}"}]` */
export function parseContainers(text: string): ReadonlyMap<string, Names> {
  const containers = new Map<string, Names>();
  for (const entry of listOf(parseJson(text))) {
    const id = textOf(at(entry, 'id'));
    const metadata = at(entry, 'metadata');
    const details = typeof metadata === 'string' ? parseJson(metadata) : undefined;
    const name = textOf(listOf(at(entry, 'names'))[0]) ?? textOf(at(details, 'name'));
    const image = textOf(at(details, 'image-name'));
    if (id !== undefined) {
      containers.set(id, { ...(name !== undefined && { name }), ...(image !== undefined && { image }) });
    }
  }
  return containers;
}
