/** What a limit's file says now. */

import { CgroupFileError, type CgroupFiles } from '../../kernel/cgroup-files.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import type { Write } from '../model.ts';

/**
 * The file's text, trimmed. A missing file in a cgroup that exists means no limit: systemd enables a controller with the first
 * property of it, and disables it, so that the files vanish, once no unit needs it. Throws CgroupFileError, with ENOENT
 * where the cgroup itself is gone.
 */
export function currentText({ path, file }: Pick<Write, 'path' | 'file'>, files: CgroupFiles): string {
  try {
    return files.read(path, file).trim();
  } catch (error) {
    const unset = findLimit(file)?.unset;
    if (unset === undefined || !(error instanceof CgroupFileError && error.code === 'ENOENT')) throw error;
    files.inode(path);
    return unset;
  }
}
