/**
 * Where paths in the options of a mount are to be looked up: they are those of whoever mounted it, an engine whose mount
 * namespace need not be ours (docker in docker). The nearest ancestor of a container's process outside the container's own
 * mount namespace is the engine's (a shim, conmon), and /proc/PID/root shows what that one sees.
 */
import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { codeOf } from '../../kernel/error-code.ts';
import { type Mount, mountAt, parseMountinfo, placeOf } from '../../kernel/mountinfo.ts';
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
const MOST_LINKS = 8;

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

function viewpointThrough(root: string, mounts: readonly Mount[], ours: readonly Mount[]): Viewpoint {
  /** realpath(3) would take /proc/PID/root for the link to `/` that it reads as: links are followed by hand. */
  async function real(path: string): Promise<string | undefined> {
    let at = resolve('/', path);
    try {
      for (let links = 0; links < MOST_LINKS; links++) {
        if (!(await lstat(root + at)).isSymbolicLink()) return at;
        at = resolve(dirname(at), await readlink(root + at));
      }
    } catch (error) {
      return unlessGone(at)(error);
    }
    return undefined;
  }
  return {
    mounts,
    real,
    async fromHere(path) {
      const mount = mountAt(mounts, path);
      const within = mount && join(mount.root, path.slice(mount.mountPoint === '/' ? 0 : mount.mountPoint.length));
      const place = within && placeOf(ours, { device: mount.device, root: within });
      // Our own mounts may hide it below another one.
      return place !== undefined && (await isSameDirectory(place, root + path)) ? place : root + path;
    },
  };
}

const isSameDirectory = (one: string, other: string): Promise<boolean> =>
  Promise.all([stat(one), stat(other)]).then(
    ([a, b]) => a.dev === b.dev && a.ino === b.ino,
    () => false,
  );
