/** The links /proc/PID/ns/KIND of many processes in one trip, and what the kernel tells of a namespace. */

import { readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { errnoOf } from './error-code.ts';
import { NAMESPACE_KINDS, type NamespaceKind, parseNamespaceLink } from './namespace-link.ts';
import { loadNative, type NamespaceInfo } from './native.ts';

/** Inodes in the order of the kinds, so many for each process; the negative errno of what may not be read. */
export type ReadNamespaceInodes = (proc: string, pids: readonly number[]) => Promise<Float64Array>;

/** Of /proc/PID/ns links or nsfs mounts; the positive errno of what failed. Undefined without the addon: Node has no ioctl. */
export type ReadNamespaceInfo = (paths: readonly string[]) => Promise<(NamespaceInfo | number)[]>;

export function createReadNamespaceInodes(kinds: readonly NamespaceKind[] = NAMESPACE_KINDS): ReadNamespaceInodes {
  const { native } = loadNative();
  if (!native) return (proc, pids) => inodesWithFs(proc, pids, kinds);
  // An empty list wakes no worker thread.
  return async (proc, pids) =>
    pids.length > 0 ? native.namespaceInodes(proc, Uint32Array.from(pids), kinds) : new Float64Array();
}

export const createReadNamespaceInfo = (): ReadNamespaceInfo | undefined => loadNative().native?.namespaceInfo;

/** Processes read before the event loop gets its turn: about a millisecond. */
const PROCESSES_A_TURN = 16;

/** Synchronous reads in short turns: asynchronous ones cost ten times the CPU, and procfs answers from memory. */
export async function inodesWithFs(
  proc: string,
  pids: readonly number[],
  kinds: readonly NamespaceKind[] = NAMESPACE_KINDS,
): Promise<Float64Array> {
  const inodes: number[] = [];
  for (const [index, pid] of pids.entries()) {
    if (index % PROCESSES_A_TURN === PROCESSES_A_TURN - 1) await turn();
    inodes.push(...kinds.map((kind) => inodeOf(join(proc, `${pid}/ns/${kind}`))));
  }
  return Float64Array.from(inodes);
}

function inodeOf(path: string): number {
  try {
    return parseNamespaceLink(readlinkSync(path))?.inode ?? -constants.errno.EINVAL;
  } catch (error) {
    return -errnoOf(error);
  }
}
