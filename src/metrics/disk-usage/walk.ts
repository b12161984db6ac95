/**
 * What a directory tree takes on its disk, as `du -x` counts: st_blocks × 512 of every entry and of the directory itself,
 * a hard link once. The tree is another's, who may change it meanwhile or mean harm: each step goes from the descriptor
 * of a directory to one of its entries and follows no link, so that neither the length of a path nor a directory that
 * becomes a link leads astray. What vanishes in between is not counted; what cannot be looked at costs one entry.
 */

import { closeSync, constants, fstatSync, lstatSync, opendirSync, openSync, type Stats } from 'node:fs';
import { codeOf } from '../../kernel/error-code.ts';
import { O_PATH, splitAtRoot } from '../../kernel/path-handle.ts';

export interface TreeSize {
  readonly bytes: number;
  /** Everything but directories and whiteouts. Each name of a hard link counts. */
  readonly files: number;
  readonly directories: number;
  /** Character devices 0:0: what an overlay's upper layer hides of those below. */
  readonly whiteouts: number;
  /** Entries that could not be looked at: no permission, or too many levels down. */
  readonly unread: number;
  /** Why the walk ended early: every figure is then a lower bound. */
  readonly cut?: 'entries' | 'time' | 'cancelled';
}

export interface WalkOptions {
  /** It ends after so many entries. */
  readonly mostEntries: number;
  /** Called every so many entries. A reason that it gives ends the walk. */
  readonly onStep: (size: TreeSize) => TreeSize['cut'];
}

const BLOCK = 512;
const STEP = 128;
/** Levels of directories: each holds a descriptor open. */
const DEEPEST = 256;
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** `path` holds no link. Throws where the tree's own directory cannot be opened; ELOOP where a link took the place of a step. */
export function walkTree(path: string, { mostEntries, onStep }: WalkOptions): TreeSize {
  const size = { bytes: 0, files: 0, directories: 0, whiteouts: 0, unread: 0 };
  const links = new Set<number>();
  let entries = 0;
  let cut: TreeSize['cut'];

  function count({ blocks, ino, nlink }: Stats): void {
    if (nlink > 1) {
      if (links.has(ino)) return;
      links.add(ino);
    }
    size.bytes += blocks * BLOCK;
  }

  /** Stays on one file system, where the number of an inode is its identity. */
  function visit(fd: number, device: number, depth: number): void {
    size.directories++;
    size.bytes += fstatSync(fd).blocks * BLOCK;
    const below: Buffer[] = [];
    const directory = opendirSync(`/proc/self/fd/${fd}`, { encoding: 'latin1', bufferSize: STEP });
    try {
      for (let entry = directory.readSync(); entry !== null && !cut; entry = directory.readSync()) {
        if (++entries >= mostEntries) cut = 'entries';
        else if (entries % STEP === 0) cut = onStep(size);
        // latin1 keeps every byte of a name that is no UTF-8.
        const name = Buffer.from(`/proc/self/fd/${fd}/${entry.name}`, 'latin1');
        const stat = attempt(() => lstatSync(name, { throwIfNoEntry: false }));
        if (stat === undefined || stat.dev !== device) continue;
        if (stat.isDirectory()) below.push(name);
        else if (stat.isCharacterDevice() && stat.rdev === 0) size.whiteouts++;
        else {
          size.files++;
          count(stat);
        }
      }
    } finally {
      directory.closeSync();
    }
    for (const name of below) if (!cut) enter(name, device, depth + 1);
  }

  function enter(name: Buffer, device: number, depth: number): void {
    if (depth > DEEPEST) {
      size.unread++;
      return;
    }
    const fd = attempt(() => openSync(name, DIRECTORY));
    if (fd === undefined) return;
    try {
      if (fstatSync(fd).dev === device) attempt(() => visit(fd, device, depth));
    } finally {
      closeSync(fd);
    }
  }

  function attempt<T>(step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      if (!GONE.has(codeOf(error))) size.unread++;
      return undefined;
    }
  }

  const fd = openTop(path);
  try {
    visit(fd, fstatSync(fd).dev, 0);
  } finally {
    closeSync(fd);
  }
  return { ...size, ...(cut ? { cut } : {}) };
}

/** Goes step by step: the folders on the way may belong to a user, who can make one of them a link at any time. */
function openTop(path: string): number {
  const [root, within] = splitAtRoot(path);
  const step = O_PATH | constants.O_DIRECTORY;
  let fd = openSync(root, step);
  for (const name of [...within.split('/').filter((part) => part !== ''), '.']) {
    const entry = `/proc/self/fd/${fd}/${name}`;
    try {
      const next = openSync(entry, name === '.' ? DIRECTORY : step | constants.O_NOFOLLOW);
      closeSync(fd);
      fd = next;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }
  return fd;
}

/** Removed, or replaced by a link or a file, since it was listed. */
const GONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ELOOP', 'ENOTDIR']);
