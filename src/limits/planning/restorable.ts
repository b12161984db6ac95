/** The text that undo and roll-back write. */

import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { parentOf } from '../../kernel/cgroup-path.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import type { Write } from '../model.ts';

/** The text that was there before, or one with the same effect where the kernel refuses that one while tasks are inside. */
export function restorable(
  { path, file, before }: Pick<Write, 'path' | 'file' | 'before'>,
  files: CgroupFiles,
): string {
  const limit = findLimit(file);
  if (!limit?.restorable || !/^populated 1$/m.test(textIfThere(files, path, 'cgroup.events') ?? '')) return before;
  const parent = parentOf(path);
  return limit.restorable(before, (name) => textIfThere(files, parent, name));
}
