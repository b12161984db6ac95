/**
 * The levels of a container beside the one that the Plan writes. Some OCI runtimes (crun) keep the processes one level below the
 * container's own cgroup and set a limit on both levels at once, but take it back on one: a roll-back looks at the other too.
 */

import { type CgroupFiles, hasEnded, textIfThere } from '../../kernel/cgroup-files.ts';
import { parentOf } from '../../kernel/cgroup-path.ts';
import type { Machine } from '../../kernel/machine.ts';
import { childrenOf } from '../../kernel/subtree.ts';
import type { OwnerName, Write } from '../model.ts';
import { sameValue } from '../planning/same-value.ts';

/** One file of another level, as it was before the change. */
export type OtherLevel = Pick<Write, 'path' | 'inode' | 'file' | 'before' | 'after'>;

/** Those who have an OCI runtime write the files. */
const ENGINES: readonly OwnerName[] = ['docker', 'podman', 'cri'];

/** The same files of the cgroups directly below, and of the one above where it holds nothing else. */
export const otherLevels = (writes: readonly Write[], files: CgroupFiles): OtherLevel[] =>
  writes.flatMap(({ path, file, after, via, ended }) => {
    if (!ENGINES.includes(via) || ended) return [];
    const parent = parentOf(path);
    const above = parent !== '/' && childrenOf(files.mount, parent).length === 1 ? [parent] : [];
    return [...above, ...childrenOf(files.mount, path)].flatMap((level) => {
      const before = textIfThere(files, level, file);
      return before === undefined ? [] : [{ path: level, inode: files.inode(level), file, before, after }];
    });
  });

/** Writes back what has the new value now and had another one before. Throws CgroupFileError. */
export function restoreLevels(levels: readonly OtherLevel[], files: CgroupFiles, machine: Machine): void {
  for (const { path, inode, file, before, after } of levels) {
    const now = textIfThere(files, path, file);
    if (now === undefined || now === before || !sameValue(file, now, after, machine)) continue;
    try {
      files.write(path, inode, file, before);
    } catch (error) {
      if (!hasEnded(error)) throw error;
    }
  }
}
