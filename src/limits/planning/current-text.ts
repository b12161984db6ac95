/** What a limit's file says now. */
import { CgroupFileError, type CgroupFiles } from '../../kernel/cgroup-files.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import type { Write } from '../model.ts';

/**
 * systemd gives a unit a controller with its first property of it, and takes it away, and its files with it, where no
 * unit needs it any more: no file in a living cgroup is no limit. Throws CgroupFileError, ENOENT where the cgroup is gone.
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
