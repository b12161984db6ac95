/** The files themselves, for cgroups that nobody else manages. */

import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import { formatSubtreeControl, parseControllers } from '../../kernel/controllers.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import type { Owner } from './owner.ts';

export const cgroupfsOwner = (files: CgroupFiles): Owner => ({
  name: 'cgroupfs',
  sets: () => true,
  describe: (file, text) => `${file}=${text}`,
  keeps: (_, text) => text,
  // The inode of the write says which cgroup it is.
  confirm: async () => {},
  apply: async (writes) => {
    for (const { path, inode, file, before, after } of writes) {
      const text = file === 'cgroup.subtree_control' ? steps(files.read(path, file), after) : after;
      if (text === undefined) continue;
      const commands = findLimit(file)?.commands?.(before, text) ?? [text];
      for (const command of commands) files.write(path, inode, file, command);
    }
  },
});

/** cgroup.subtree_control is read as a list and written as the steps to it. */
const steps = (now: string, wanted: string): string | undefined =>
  formatSubtreeControl(parseControllers(now), parseControllers(wanted));
