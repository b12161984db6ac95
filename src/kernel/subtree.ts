/** A cgroup with all below it, and who runs there. What vanishes on the way is left out. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupFiles } from './cgroup-files.ts';
import { parseProcs } from './cgroup-procs.ts';
import { codeOf, isGone } from './error-code.ts';
import { readText } from './if-there.ts';

/** Paths, each parent before its children. */
export function subtree({ mount }: Pick<CgroupFiles, 'mount'>, path: string): string[] {
  const paths = [path];
  for (const parent of paths) paths.push(...childrenOf(mount, parent));
  return paths;
}

export function childrenOf(mount: string, path: string): string[] {
  try {
    const entries = readdirSync(join(mount, path), { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => (path === '/' ? `/${name}` : `${path}/${name}`));
  } catch {
    return [];
  }
}

export interface Inhabitants {
  /** Processes, each once, as our PID namespace numbers them. */
  readonly pids: readonly number[];
  /** How many more there are that our PID namespace does not show. */
  readonly foreign: number;
}

/** The processes of the cgroup and of all below it. */
export function inhabitants(files: CgroupFiles, path: string): Inhabitants {
  const pids = new Set<number>();
  let foreign = 0;
  for (const at of subtree(files, path)) {
    const found = processesIn(files, at);
    for (const pid of found.pids) pids.add(pid);
    foreign += found.foreign;
  }
  return { pids: [...pids], foreign };
}

/** The processes of this cgroup alone. */
export function processesIn(files: CgroupFiles, path: string): Inhabitants {
  try {
    return parseProcs(files.read(path, 'cgroup.procs'));
  } catch (error) {
    if (isGone(error)) return { pids: [], foreign: 0 };
    if (codeOf(error) !== 'ENOTSUP') throw error;
  }
  // cgroup.procs of a threaded cgroup cannot be read; cgroup.threads can.
  try {
    const { pids, foreign } = parseProcs(files.read(path, 'cgroup.threads'));
    return { pids: [...new Set(pids.flatMap((thread) => processOf(thread) ?? []))], foreign };
  } catch (error) {
    if (isGone(error)) return { pids: [], foreign: 0 };
    throw error;
  }
}

function processOf(thread: number): number | undefined {
  const pid = /^Tgid:\s*(\d+)$/m.exec(readText(`/proc/${thread}/status`))?.[1];
  return pid === undefined ? undefined : Number(pid);
}
