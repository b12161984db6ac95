/** What a write can be taken back to. */
import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { parentOf } from '../../kernel/cgroup-path.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import type { Write } from '../model.ts';

/** The text that was there before; where the kernel does not take that again while tasks are inside, what it stood for. */
export function restorable(
  { path, file, before }: Pick<Write, 'path' | 'file' | 'before'>,
  files: CgroupFiles,
): string {
  const limit = findLimit(file);
  if (!limit?.restorable || !/^populated 1$/m.test(textIfThere(files, path, 'cgroup.events') ?? '')) return before;
  const parent = parentOf(path);
  return limit.restorable(before, (name) => textIfThere(files, parent, name));
}
