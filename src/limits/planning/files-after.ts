/** The files as they will be after some writes: by them later writes are planned and effects are judged. */

import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import type { Write } from '../model.ts';

/** The files as they read once the writes are made; a transient value is gone by then. */
export function filesAfter(files: CgroupFiles, writes: readonly Write[]): CgroupFiles {
  const keyOf = (path: string, file: string): string => `${path}/${file}`;
  const lasting = writes.filter(({ transient }) => !transient);
  const texts = new Map(lasting.map(({ path, file, after }) => [keyOf(path, file), after]));
  return { ...files, read: (path, file) => texts.get(keyOf(path, file)) ?? files.read(path, file) };
}
