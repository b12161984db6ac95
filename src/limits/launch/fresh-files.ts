/** The interface files of a cgroup that is yet to be made: each limit as the kernel makes it. */

import { CgroupFileError, type CgroupFiles } from '../../kernel/cgroup-files.ts';
import { findLimit } from '../catalogue/catalogue.ts';

export function freshFiles(files: CgroupFiles, fresh: string): CgroupFiles {
  return {
    ...files,
    read: (path, file) => {
      if (path !== fresh) return files.read(path, file);
      const text = findLimit(file)?.unset;
      if (text === undefined) throw new CgroupFileError('read', path, file, 'ENOENT');
      return text;
    },
    inode: (path) => (path === fresh ? 0 : files.inode(path)),
  };
}
