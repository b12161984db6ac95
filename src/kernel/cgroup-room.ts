/** Which limit on the number of cgroups or of processes leaves no room for one more: the kernel says EAGAIN for any of them. */

import { join } from 'node:path';
import { shellWord } from '../text/shell-word.ts';
import { type CgroupFiles, textIfThere } from './cgroup-files.ts';
import { ancestorsOf } from './cgroup-path.ts';
import { parseFlatKeyed } from './flat-keyed.ts';
import { parseSingleValue } from './single-value.ts';

/**
 * Why no cgroup can be made in `parent`, and what raises the limit: cgroup.max.descendants counts all cgroups below one,
 * cgroup.max.depth the levels. Undefined where no cgroup that is visible here says so.
 */
export function noRoomForCgroup(files: Pick<CgroupFiles, 'mount' | 'read'>, parent: string): string | undefined {
  const raise = (path: string, file: string): string =>
    `raise it: echo max > ${shellWord(join(files.mount, path, file))}`;
  for (const [above, path] of [parent, ...ancestorsOf(parent)].entries()) {
    const most = numberIn(files, path, 'cgroup.max.descendants');
    const there = parseFlatKeyed(textIfThere(files, path, 'cgroup.stat') ?? '').get('nr_descendants') ?? 0;
    if (there >= most) {
      return `cgroup.max.descendants of ${path} is ${most}, and ${there} cgroups are below it; ${raise(path, 'cgroup.max.descendants')}`;
    }
    const deepest = numberIn(files, path, 'cgroup.max.depth');
    if (above + 1 > deepest) {
      return `cgroup.max.depth of ${path} is ${deepest}, and this would be level ${above + 1} below it; ${raise(path, 'cgroup.max.depth')}`;
    }
  }
  return undefined;
}

/** The cgroup, this one or one above it, whose pids.max lets no more processes start; undefined where none of them does. */
export function noRoomForTask(
  files: Pick<CgroupFiles, 'read'>,
  path: string,
): { readonly path: string; readonly max: number; readonly tasks: number } | undefined {
  for (const at of [path, ...ancestorsOf(path)]) {
    const max = numberIn(files, at, 'pids.max');
    const tasks = numberIn(files, at, 'pids.current');
    if (tasks >= max) return { path: at, max, tasks };
  }
  return undefined;
}

const numberIn = (files: Pick<CgroupFiles, 'read'>, path: string, file: string): number =>
  parseSingleValue(textIfThere(files, path, file));
