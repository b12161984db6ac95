/**
 * Where the paths in the options of a mount lead. They are paths of whoever mounted it: an engine, whose mount namespace
 * need not be ours (docker in docker). The nearest ancestor of a container's process that is in another mount namespace
 * than the container belongs to the engine (a shim, conmon), and /proc/PID/root shows what that ancestor sees.
 */

import { readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../kernel/error-code.ts';
import { type Mount, mountAt, mountedPath, parseMountinfo } from '../../kernel/mountinfo.ts';
import { openInRoot } from '../../kernel/open-in-root.ts';
import { throughHandle } from '../../kernel/path-handle.ts';
import { parsePidStatus } from '../../kernel/proc-pid.ts';
import type { ReadFiles } from '../../kernel/read-files.ts';

export interface Viewpoint {
  readonly mounts: readonly Mount[];
  /** A path there, without links as far as we may look; undefined for what is not there. */
  real(path: string): Promise<string | undefined>;
  /** A path there without links, as it is opened from here: where our mounts show it, else beneath /proc/PID/root. */
  fromHere(path: string): Promise<string>;
}

export const ourViewpoint = (mounts: readonly Mount[]): Viewpoint => ({
  mounts,
  real: (path) => realpath(path).catch(unlessGone(path)),
  fromHere: async (path) => path,
});

/** Where the path is there, but not for us, it is as given. */
const unlessGone =
  (path: string) =>
  (error: unknown): string | undefined =>
    GONE.has(codeOf(error)) ? undefined : path;

const GONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

/** Generations up to the engine: a shim is the parent, a supervisor or a shell may lie between. */
const MOST_ANCESTORS = 16;

/** Of whoever mounted the root of this process; ours where nothing says that it is another one. */
export async function viewpointOf(
  proc: string,
  pid: number,
  ours: readonly Mount[],
  readFiles: ReadFiles,
): Promise<Viewpoint> {
  const mountsOf = (of: number | 'self'): Promise<number | undefined> =>
    stat(join(proc, String(of), 'ns/mnt')).then(
      ({ ino }) => ino,
      () => undefined,
    );
  const [own, here] = await Promise.all([mountsOf(pid), mountsOf('self')]);
  let ancestor = pid;
  for (let step = 0; own !== undefined && step < MOST_ANCESTORS; step++) {
    const [status] = await readFiles([join(proc, String(ancestor), 'status')]);
    ancestor = typeof status === 'string' ? parsePidStatus(status).PPid : 0;
    if (!(ancestor > 0)) break;
    const namespace = await mountsOf(ancestor);
    if (namespace === own) continue;
    const [text] = namespace === here ? [] : await readFiles([join(proc, String(ancestor), 'mountinfo')]);
    return typeof text === 'string'
      ? viewpointThrough(join(proc, String(ancestor), 'root'), parseMountinfo(text), ours)
      : ourViewpoint(ours);
  }
  return ourViewpoint(ours);
}

/** `root`: /proc/PID/root, of a process whose file system may be a container's: nothing there leads out of it. */
function viewpointThrough(root: string, mounts: readonly Mount[], ours: readonly Mount[]): Viewpoint {
  async function real(path: string): Promise<string | undefined> {
    try {
      const [top, found] = await Promise.all(['/', path].map((at) => placeIn(root, at)));
      return found?.startsWith(top === '/' ? '/' : `${top}/`) ? found.slice(top === '/' ? 0 : top?.length) : undefined;
    } catch (error) {
      return unlessGone(path)(error);
    }
  }
  return {
    mounts,
    real,
    async fromHere(path) {
      const mount = mountAt(mounts, path);
      const within = mount && join(mount.root, path.slice(mount.mountPoint === '/' ? 0 : mount.mountPoint.length));
      const place = within && mountedPath(ours, { device: mount.device, root: within });
      // Our own mounts may hide it below another one.
      return place !== undefined && (await isSameDirectory(place, root, path)) ? place : root + path;
    },
  };
}

/** What the kernel calls it in that mount namespace, without links. */
async function placeIn(root: string, path: string): Promise<string> {
  const handle = await openInRoot(root, path);
  try {
    return await readlink(throughHandle(handle));
  } finally {
    await handle.close();
  }
}

async function isSameDirectory(place: string, root: string, path: string): Promise<boolean> {
  try {
    const handle = await openInRoot(root, path);
    try {
      const [here, there] = await Promise.all([stat(place), handle.stat()]);
      return here.dev === there.dev && here.ino === there.ino;
    } finally {
      await handle.close();
    }
  } catch {
    return false;
  }
}
