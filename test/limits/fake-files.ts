/** Interface files in memory, with the kernel's answers to what a test needs. */

import { CgroupFileError, type CgroupFiles } from '../../src/kernel/cgroup-files.ts';
import type { PlanContext } from '../../src/limits/model.ts';
import { written } from './kernel-model.ts';

export interface FakeFiles extends CgroupFiles {
  /** By `path/file`. */
  readonly texts: Map<string, string>;
  readonly writes: string[];
  /** Called before each write; may throw. */
  beforeWrite: (path: string, file: string, text: string) => void;
}

export function fakeFiles(texts: Readonly<Record<string, string>>): FakeFiles {
  const map = new Map(Object.entries(texts));
  const key = (path: string, file: string): string => `${path === '/' ? '' : path}/${file}`;
  const read = (path: string, file: string): string => {
    const text = map.get(key(path, file));
    if (text === undefined) throw new CgroupFileError('read', path, file, 'ENOENT');
    return `${text}\n`;
  };
  const fake: FakeFiles = {
    mount: '/fake',
    texts: map,
    writes: [],
    beforeWrite: () => {},
    read,
    inode: () => 7,
    write: (path, inode, file, text) => {
      fake.beforeWrite(path, file, text);
      if (inode !== 7) throw new CgroupFileError('write', path, file, 'ESTALE');
      map.set(key(path, file), written(file, read(path, file).trim(), text));
      fake.writes.push(`${key(path, file)}=${text}`);
    },
    writeOnThread: async (path, inode, file, text) => fake.write(path, inode, file, text),
  };
  return fake;
}

export const contextOf = (files: CgroupFiles, own = '/user/shell'): PlanContext => ({
  files,
  machine: { memoryTotal: 8 * 2 ** 30, cpus: 4, pageSize: 4096, bootId: 'boot-1' },
  ownPath: own,
  initPath: '/init.scope',
  owners: { sockets: [] },
});
