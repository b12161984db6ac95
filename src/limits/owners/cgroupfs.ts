/** The files themselves, for cgroups that nobody else manages. */
import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import type { Owner } from './owner.ts';

export const cgroupfsOwner = (files: CgroupFiles): Owner => ({
  name: 'cgroupfs',
  write: async ({ path, inode, file, after }) => files.write(path, inode, file, after),
});
