/**
 * The file system of a workload: what the kernel says of a process in it (/proc/PID/mountinfo) comes first, then what its
 * runtime says. Where the two differ, both are given.
 */

import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { isWithin } from '../../kernel/cgroup-path.ts';
import { type Mount, mountedPath, parseMountinfo } from '../../kernel/mountinfo.ts';
import type { OverlayLayers } from '../../kernel/overlay.ts';
import { parseProcCgroup } from '../../kernel/proc-cgroup.ts';
import type { ReadFiles } from '../../kernel/read-files.ts';
import { readProcesses } from '../processes.ts';
import type { Workload, WorkloadDetails } from '../workload.ts';
import { type Disk, readDisk } from './disk.ts';
import { findLayers } from './layers.ts';
import { type InnerMount, innerMounts } from './mounts.ts';
import { type Root, rootOf } from './root.ts';
import { ourViewpoint, viewpointOf } from './viewpoint.ts';

export interface FileSystem {
  /** Process whose mounts these are; absent where none could be asked. */
  readonly pid?: number;
  /** Why the kernel could not be asked. */
  readonly unknown?: string;
  readonly root?: Root;
  /** Of an overlay: paths on this host, links resolved as far as we may; as mounted where they are `hidden`. */
  readonly layers?: OverlayLayers;
  /** Its layers lie in another mount namespace, where nobody whom we may ask sees them. */
  readonly hidden?: true;
  /** The runtime's word: `overlay2`, `vfs`. */
  readonly driver?: string;
  /** Directory on this host that takes what the workload writes: the upper layer, or all of its root. */
  readonly writable?: string;
  /** On which `writable` lies, or the root that it shares with the machine. */
  readonly disk?: Disk;
  /** Where the runtime and the kernel differ. */
  readonly differences: readonly Difference[];
  readonly mounts: readonly InnerMount[];
}

export interface Difference {
  readonly about: 'upper' | 'lower' | 'root';
  readonly kernel: string;
  readonly runtime: string;
}

export interface FileSystemPlaces {
  readonly proc: string;
  /** Of the hierarchy. */
  readonly mount: string;
  /** The cgroup that is mounted there: `Hierarchy.root`. */
  readonly root?: string;
  readonly readFiles: ReadFiles;
}

/** `process`: the one whose mounts are read; the workload's first one if absent. */
export async function readFileSystem(
  workload: Workload,
  places: FileSystemPlaces,
  process?: number,
): Promise<FileSystem> {
  const { details } = workload;
  const told = details?.storageDriver === undefined ? {} : { driver: details.storageDriver };
  const asked = await mountsOf(workload, places, process);
  if ('unknown' in asked) {
    const layers = await toldLayers(details);
    const writable = layers?.upper ?? (details?.rootfs && (await settled(details.rootfs)));
    return {
      ...asked,
      ...told,
      ...(layers ? { layers } : {}),
      ...(writable === undefined ? {} : { writable }),
      differences: [],
      mounts: [],
    };
  }
  const { pid, of, host, ours } = asked;
  const seen = rootOf(of, host, ours);
  const mounts = innerMounts(of, host, ours);
  if (seen === undefined) {
    const unknown = `the root of process ${pid} is no mount (chroot)`;
    return { pid, unknown, ...told, differences: [], mounts };
  }
  // Not every overlay says what it is made of: fuse-overlayfs does not.
  const viewpoint = seen.layers ? await viewpointOf(places.proc, pid, ours, places.readFiles) : ourViewpoint(ours);
  const found =
    seen.layers &&
    (await findLayers(seen.layers, viewpoint, {
      merged: mountedPath(viewpoint.mounts, { device: seen.device, root: seen.within ?? '/' }),
      toldUpper: details?.upperDir,
      mergedRoot: join(places.proc, String(pid), 'root'),
    }));
  const layers = found?.layers ?? (seen.kind === 'overlay' ? await toldLayers(details) : undefined);
  const hidden = found?.hidden === true;
  const writable =
    hidden || seen.kind === 'host' ? undefined : seen.kind === 'overlay' ? layers?.upper : seen.directory;
  const lies = seen.kind === 'host' ? '/' : writable;
  const disk = lies === undefined ? undefined : await readDisk(lies, found?.top, viewpoint.mounts);
  return {
    pid,
    root: seen,
    ...(layers ? { layers } : {}),
    ...(hidden ? { hidden } : {}),
    ...told,
    ...(writable === undefined ? {} : { writable }),
    ...(disk ? { disk } : {}),
    differences: hidden ? [] : await differencesOf(seen.directory, layers, details),
    mounts,
  };
}

const toldLayers = async (details: WorkloadDetails | undefined): Promise<OverlayLayers | undefined> =>
  details?.upperDir === undefined
    ? undefined
    : { upper: await settled(details.upperDir), lower: details.lowerDirs ?? [], data: [] };

type Asked = { readonly pid: number; readonly of: Mount[]; readonly host: Mount[]; readonly ours: Mount[] };

async function mountsOf(
  { path, initPid }: Workload,
  { proc, mount, root, readFiles }: FileSystemPlaces,
  process: number | undefined,
): Promise<Asked | { readonly unknown: string }> {
  const pid = process ?? initPid ?? (await readProcesses(proc, mount, path)).roots[0]?.pid;
  if (pid === undefined) return { unknown: 'no process runs in it whose mounts could be read' };
  const [cgroup, of, host, ours] = await readFiles([
    join(proc, `${pid}/cgroup`),
    join(proc, `${pid}/mountinfo`),
    join(proc, '1/mountinfo'),
    join(proc, 'self/mountinfo'),
  ]);
  if (typeof cgroup !== 'string' || !isWithin(parseProcCgroup(cgroup, root), path))
    return { unknown: `process ${pid} ended while it was looked at` };
  if (typeof of !== 'string' || typeof ours !== 'string')
    return { unknown: `${proc}/${pid}/mountinfo cannot be read: run as root` };
  return {
    pid,
    of: parseMountinfo(of),
    host: parseMountinfo(typeof host === 'string' ? host : ours),
    ours: parseMountinfo(ours),
  };
}

/** Without links; as it is where it is not there or not for us. */
const settled = (path: string): Promise<string> => realpath(path).catch(() => path);

async function differencesOf(
  directory: string | undefined,
  layers: OverlayLayers | undefined,
  details: WorkloadDetails | undefined,
): Promise<Difference[]> {
  const { upperDir, lowerDirs, rootfs } = details ?? {};
  const pairs: readonly (readonly [
    Difference['about'],
    readonly string[] | undefined,
    readonly string[] | undefined,
  ])[] = [
    ['upper', listed(layers?.upper), listed(upperDir)],
    ['lower', layers?.lower, lowerDirs],
    ['root', listed(directory), listed(rootfs)],
  ];
  const differences = await Promise.all(
    pairs.map(async ([about, kernel, runtime]): Promise<Difference[]> => {
      if (!kernel || kernel.length === 0 || !runtime) return [];
      const [is, said] = await Promise.all([kernel, runtime].map(settledList));
      return is === said ? [] : [{ about, kernel: kernel.join(':'), runtime: runtime.join(':') }];
    }),
  );
  return differences.flat();
}

const listed = (path: string | undefined): readonly string[] | undefined => (path === undefined ? undefined : [path]);

const settledList = async (paths: readonly string[]): Promise<string> =>
  (await Promise.all(paths.map(settled))).join(':');
