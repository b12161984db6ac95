/** The files themselves, for cgroups that nobody else manages. */
import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import type { Owner } from './owner.ts';

export const cgroupfsOwner = (files: CgroupFiles): Owner => ({
  name: 'cgroupfs',
  sets: () => true,
  describe: (file, text) => `${file}=${text}`,
  keeps: (_, text) => text,
  apply: async (writes) => {
    for (const { path, inode, file, after } of writes) files.write(path, inode, file, after);
  },
});
