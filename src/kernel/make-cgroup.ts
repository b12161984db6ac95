/** Directories of the hierarchy made and removed, with the kernel's reason where it refuses. */

import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { CgroupFileError, type CgroupFiles } from './cgroup-files.ts';
import { parentOf } from './cgroup-path.ts';
import { noRoomForCgroup } from './cgroup-room.ts';
import { codeOf } from './error-code.ts';

/** One level: Node's recursive mkdir tells every refusal but EEXIST as ENOENT. Throws CgroupFileError. */
export function makeCgroup(files: Pick<CgroupFiles, 'mount' | 'read'>, path: string, mode = 0o755): void {
  try {
    mkdirSync(join(files.mount, path), { mode });
  } catch (error) {
    const code = codeOf(error) ?? String(error);
    const why = code === 'EAGAIN' ? noRoomForCgroup(files, parentOf(path)) : undefined;
    throw new CgroupFileError('make', path, '', code, why);
  }
}

/** Throws CgroupFileError: EBUSY where processes run in it or cgroups are below it. */
export function removeCgroup({ mount }: Pick<CgroupFiles, 'mount'>, path: string): void {
  try {
    rmdirSync(join(mount, path));
  } catch (error) {
    throw new CgroupFileError('remove', path, '', codeOf(error) ?? String(error));
  }
}
