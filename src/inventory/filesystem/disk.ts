/** The file system that a directory lies on, and what is left of it: statfs(2). */
import { realpath, statfs } from 'node:fs/promises';
import { type Mount, mountAt } from '../../kernel/mountinfo.ts';

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

/** undefined where the directory is gone or not for us. */
export async function readDisk(directory: string, ours: readonly Mount[]): Promise<Disk | undefined> {
  try {
    const [path, { bsize, blocks, bavail, files, ffree }] = await Promise.all([realpath(directory), statfs(directory)]);
    const mount = mountAt(ours, path);
    if (mount === undefined) return undefined;
    const { mountPoint, source, device, fsType } = mount;
    return {
      ...{ mountPoint, source, device, fsType },
      totalBytes: blocks * bsize,
      freeBytes: bavail * bsize,
      totalInodes: files,
      freeInodes: ffree,
    };
  } catch {
    return undefined;
  }
}
