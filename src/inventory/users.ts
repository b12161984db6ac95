/** Names of users as the container itself knows them: its own /etc/passwd, through its user namespace. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseIdMap } from '../kernel/id-map.ts';
import { openInRoot } from '../kernel/open-in-root.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
import { readRegularFile } from '../kernel/regular-file.ts';
import { clean } from '../text/clean.ts';

/** By uid on this host. */
export type UserNames = ReadonlyMap<number, string>;

/** `root:x:0:0:…` by uid; NSS is not asked. */
export function parsePasswd(text: string): UserNames {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    if (name && uid && /^\d+$/.test(uid) && !names.has(Number(uid))) names.set(Number(uid), clean(name).slice(0, 32));
  }
  return names;
}

/** The names by the uids that this host sees, through the container's uid_map. */
export function throughUidMap(names: UserNames, map: string): UserNames {
  const moved = new Map<number, string>();
  for (const { inside, outside, count } of parseIdMap(map)) {
    for (const [uid, name] of names) if (uid >= inside && uid < inside + count) moved.set(outside + uid - inside, name);
  }
  return moved;
}

/** Of a container's /etc/passwd, which the container may have made: a real one has some KiB. */
const LARGEST_PASSWD = 1 << 20;

/**
 * As the root of this process knows them; as this host does where there is no process, or none of its /etc/passwd that
 * can be read (none in the image, no permission, no regular file).
 */
export async function readUserNames(proc: string, pid: number | undefined, readFiles: ReadFiles): Promise<UserNames> {
  const inside = pid === undefined ? undefined : await passwdInside(join(proc, `${pid}/root`));
  const [host, map] = await readFiles(['/etc/passwd', ...(inside === undefined ? [] : [join(proc, `${pid}/uid_map`)])]);
  if (inside !== undefined && typeof map === 'string') return throughUidMap(parsePasswd(inside), map);
  return typeof host === 'string' ? parsePasswd(host) : new Map();
}

async function passwdInside(root: string): Promise<string | undefined> {
  try {
    const handle = await openInRoot(root, 'etc/passwd');
    try {
      return await readRegularFile(handle, LARGEST_PASSWD);
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/** Of a uid of this host; the number itself where /etc/passwd has no name for it. */
export function userName(uid: number): string {
  try {
    return parsePasswd(readFileSync('/etc/passwd', 'utf8')).get(uid) ?? String(uid);
  } catch {
    return String(uid);
  }
}
