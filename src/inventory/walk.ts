/** Every cgroup below the mount: the truth that hints are measured against. Through the addon, else with node:fs. */

import { isUtf8 } from 'node:buffer';
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { ancestorsOf } from '../kernel/cgroup-path.ts';
import { codeOf } from '../kernel/error-code.ts';
import { loadNative } from '../kernel/native.ts';

/** Paths beneath the mount (`/`, `/a`, `/a/b`), parents before children, and the inode of each. */
export interface WalkResult {
  readonly paths: readonly string[];
  readonly inodes: ArrayLike<number>;
  /** How many are left out because their paths are no UTF-8; none if absent. */
  readonly hidden?: number;
}

/** The cgroup at `path` and all below it; empty where it is not there. What vanishes meanwhile is left out. */
export type Walk = (mount: string, path: string) => Promise<WalkResult>;

export function createWalk(): Walk {
  const { native } = loadNative();
  return native ? (mount, path) => native.walk(mount, path).catch(nothingIfGone) : walkWithFs;
}

/** These cgroups and those above them, and nothing else: for whoever knows where to look. */
export function walkTo(wanted: readonly string[]): Walk {
  const paths = [...new Set(wanted.flatMap((path) => [path, ...ancestorsOf(path)].toReversed()))];
  return async (mount) => {
    const found = new Map(paths.flatMap((path) => inodeOf(mount, path)));
    return { paths: [...found.keys()], inodes: [...found.values()] };
  };
}

function inodeOf(mount: string, path: string): [path: string, inode: number][] {
  const status = lstatSync(join(mount, path), { throwIfNoEntry: false });
  return status?.isDirectory() ? [[path, status.ino]] : [];
}

/** Directories read before the event loop gets its turn: about a millisecond. */
const DIRECTORIES_A_TURN = 64;

/** Synchronous reads in short turns: asynchronous ones cost ten times the CPU, and cgroupfs answers from memory. */
export async function walkWithFs(mount: string, path: string): Promise<WalkResult> {
  const paths: string[] = [];
  const inodes: number[] = [];
  let hidden = 0;
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const found = readDirectory(join(mount, next));
    if (found === undefined) continue;
    paths.push(next);
    inodes.push(found.inode);
    hidden += found.hidden;
    for (const name of found.children) waiting.push(next === '/' ? `/${name}` : `${next}/${name}`);
    if (paths.length % DIRECTORIES_A_TURN === 0) await turn();
  }
  return { paths, inodes, hidden };
}

function readDirectory(directory: string): { inode: number; children: string[]; hidden: number } | undefined {
  try {
    const status = lstatSync(directory);
    const inode = status.ino;
    const children = isLeaf(status) ? [] : childrenOf(directory);
    // What is no UTF-8 is read with this in its place.
    if (!children.some((name) => name.includes('\ufffd'))) return { inode, children, hidden: 0 };
    const whole = foldersIn(Buffer.from(directory));
    return {
      inode,
      children: whole.filter(isUtf8).map(String),
      hidden: whole.filter((name) => !isUtf8(name)).reduce((sum, name) => sum + countOf(within(directory, name)), 0),
    };
  } catch (error) {
    nothingIfGone(error);
    return undefined;
  }
}

/**
 * Whether a directory has none below it: it has two links, and one of each below it, but on file systems that give each
 * directory one. Most cgroups are leaves, and a stat takes less than a list of their files.
 */
export const isLeaf = ({ nlink }: Pick<Stats, 'nlink'>): boolean => nlink === 2;

/** A directory that is closed to us is there all the same. */
function childrenOf(directory: string): string[] {
  try {
    const entries = readdirSync(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (codeOf(error) === 'EACCES') return [];
    throw error;
  }
}

const foldersIn = (directory: Buffer): Buffer[] =>
  readdirSync(directory, { withFileTypes: true, encoding: 'buffer' })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

const within = (directory: string | Buffer, name: Buffer): Buffer =>
  Buffer.concat([Buffer.from(directory), Buffer.from('/'), name]);

/** The directory and all below it, as far as they can be read. */
function countOf(directory: Buffer): number {
  try {
    return foldersIn(directory).reduce((sum, name) => sum + countOf(within(directory, name)), 1);
  } catch {
    return 1;
  }
}

const GONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENODEV', 'ENOTDIR']);

function nothingIfGone(error: unknown): WalkResult {
  if (GONE.has(codeOf(error))) return { paths: [], inodes: [] };
  throw error;
}
