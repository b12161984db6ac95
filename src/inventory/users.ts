/** Names of users as the container itself knows them: its own /etc/passwd, through its user namespace. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseIdMap } from '../kernel/id-map.ts';
import type { ReadFiles } from '../kernel/read-files.ts';
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

export async function readUserNames(proc: string, pid: number | undefined, readFiles: ReadFiles): Promise<UserNames> {
  const inside = pid === undefined ? [] : [join(proc, `${pid}/root/etc/passwd`), join(proc, `${pid}/uid_map`)];
  const [passwd, map, host] = await readFiles([...inside, ...(inside.length === 0 ? ['', ''] : []), '/etc/passwd']);
  if (typeof passwd === 'string' && typeof map === 'string') return throughUidMap(parsePasswd(passwd), map);
  return typeof host === 'string' ? parsePasswd(host) : new Map();
}

/** Of a uid of this host; the number itself where /etc/passwd has no name for it. */
export function userName(uid: number): string {
  try {
    return parsePasswd(readFileSync('/etc/passwd', 'utf8')).get(uid) ?? String(uid);
  } catch {
    return String(uid);
  }
}
