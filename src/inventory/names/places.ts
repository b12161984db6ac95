/** Where runtimes keep their files: below the system's folders, and below a user's own for rootless ones. */

import { join } from 'node:path';
import { createReadSmall } from './small-file.ts';

export interface Places {
  /** `/`, or a folder that plays it in tests. */
  readonly root: string;
  /** Home of a user; undefined for one unknown. */
  homeOf(uid: number): Promise<string | undefined>;
}

export function openPlaces(root: string): Places {
  const readHomes = createReadSmall(parseHomes);
  return {
    root,
    async homeOf(uid) {
      const homes = await readHomes(join(root, 'etc/passwd'));
      const home = homes?.get(uid);
      return home === undefined ? undefined : join(root, home);
    },
  };
}

/** /etc/passwd: `name:x:1000:1000:Full Name:/home/name:/bin/bash`. */
function parseHomes(text: string): ReadonlyMap<number, string> {
  const homes = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [, , uid, , , home] = line.split(':');
    if (uid !== undefined && /^\d+$/.test(uid) && home?.startsWith('/') && !homes.has(Number(uid))) {
      homes.set(Number(uid), home);
    }
  }
  return homes;
}

/** The system's folders, then the user's data folder (`~/.local/share/…`) where the workload is a user's. */
export async function dataFolders(
  places: Places,
  system: readonly string[],
  users: string,
  uid: number | undefined,
): Promise<string[]> {
  const folders = system.map((folder) => join(places.root, folder));
  const home = uid === undefined ? undefined : await places.homeOf(uid);
  return home === undefined ? folders : [join(home, '.local/share', users), ...folders];
}

/** The system's folders below /run, then `/run/user/UID/…`. */
export function runFolders(
  { root }: Places,
  system: readonly string[],
  users: readonly string[],
  uid: number | undefined,
): string[] {
  const folders = system.map((folder) => join(root, folder));
  return uid === undefined ? folders : [...users.map((folder) => join(root, `run/user/${uid}`, folder)), ...folders];
}

/** The first answer that is one. */
export async function firstOf<Value>(
  paths: readonly string[],
  read: (path: string) => Promise<Value | undefined>,
): Promise<Value | undefined> {
  for (const path of paths) {
    const value = await read(path);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** An id as one component of a path: hex, base 36 or a UUID; undefined for anything that could lead elsewhere. */
export const idComponent = (id: string | undefined): string | undefined =>
  id !== undefined && /^[0-9a-z][0-9a-z-]{0,127}$/.test(id) ? id : undefined;
