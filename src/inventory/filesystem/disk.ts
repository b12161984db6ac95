/** The file system that a directory lies on, and what is left of it: statfs(2). */

import { readlink, realpath, statfs } from 'node:fs/promises';
import { type Mount, mountAt } from '../../kernel/mountinfo.ts';
import { openWithoutLinks } from '../../kernel/open-in-root.ts';
import { throughHandle } from '../../kernel/path-handle.ts';

export interface Disk {
  readonly mountPoint: string;
  /** `/dev/vda1`, a zfs dataset, `tmpfs`. */
  readonly source: string;
  /** `MAJ:MIN` */
  readonly device: string;
  readonly fsType: string;
  /** Bytes; free are those that anybody may still write. */
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Inodes; 0 where the file system has no fixed number of them. */
  readonly totalInodes: number;
  readonly freeInodes: number;
}

/** `path`: the directory among these mounts, without links. undefined where it is gone or not for us. */
export async function readDisk(
  directory: string,
  path: string | undefined,
  mounts: readonly Mount[],
): Promise<Disk | undefined> {
  try {
    const handle = await openWithoutLinks(path === undefined ? await realpath(directory) : directory);
    try {
      const real = path ?? (await readlink(throughHandle(handle)));
      const { bsize, blocks, bavail, files, ffree } = await statfs(throughHandle(handle));
      const mount = mountAt(mounts, real);
      if (mount === undefined) return undefined;
      const { mountPoint, source, device, fsType } = mount;
      return {
        ...{ mountPoint, source, device, fsType },
        totalBytes: blocks * bsize,
        freeBytes: bavail * bsize,
        totalInodes: files,
        freeInodes: ffree,
      };
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}
