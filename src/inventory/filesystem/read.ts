/**
 * The file system of a workload: first what the kernel tells of a process in it (/proc/PID/mountinfo), then what its
 * runtime tells; where both tell the same thing otherwise, both are given.
 */
import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { isWithin } from '../../kernel/cgroup-path.ts';
import { type Mount, parseMountinfo } from '../../kernel/mountinfo.ts';
import type { OverlayLayers } from '../../kernel/overlay.ts';
import { parseProcCgroup } from '../../kernel/proc-cgroup.ts';
import type { ReadFiles } from '../../kernel/read-files.ts';
import { readProcesses } from '../processes.ts';
import type { WorkloadDetails } from '../runtimes/details.ts';
import type { Workload } from '../workload.ts';
import { type Disk, readDisk } from './disk.ts';
import { type InnerMount, innerMounts } from './mounts.ts';
import { type Root, rootOf } from './root.ts';

export interface FileSystem {
  /** Process whose mounts these are; absent where none could be asked. */
  readonly pid?: number;
  /** Why the kernel told nothing. */
  readonly unknown?: string;
  readonly root?: Root;
  /** Of an overlay: paths on this host, links resolved as far as we may. */
  readonly layers?: OverlayLayers;
  /** The runtime's word: `overlay2`, `vfs`. */
  readonly driver?: string;
  /** Directory on this host that takes what the workload writes: the upper layer, or all of its root. */
  readonly writable?: string;
  /** On which `writable` lies, or the root that it shares with the machine. */
  readonly disk?: Disk;
  /** Where the runtime tells other than the kernel. */
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
  readonly readFiles: ReadFiles;
}

export async function readFileSystem(workload: Workload, places: FileSystemPlaces): Promise<FileSystem> {
  const { details } = workload;
  const told = details?.storageDriver === undefined ? {} : { driver: details.storageDriver };
  const asked = await mountsOf(workload, places);
  if ('unknown' in asked) {
    const layers = toldLayers(details);
    const writable = layers?.upper ?? details?.rootfs;
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
  const layers = seen.layers
    ? await onHost(seen.layers, seen.directory, details?.upperDir)
    : seen.kind === 'overlay'
      ? toldLayers(details)
      : undefined;
  const writable = seen.kind === 'host' ? undefined : seen.kind === 'overlay' ? layers?.upper : seen.directory;
  const lies = seen.kind === 'host' ? '/' : writable;
  const disk = lies === undefined ? undefined : await readDisk(lies, ours);
  return {
    pid,
    root: seen,
    ...(layers ? { layers } : {}),
    ...told,
    ...(writable === undefined ? {} : { writable }),
    ...(disk ? { disk } : {}),
    differences: await differencesOf(seen.directory, layers, details),
    mounts,
  };
}

const toldLayers = (details: WorkloadDetails | undefined): OverlayLayers | undefined =>
  details?.upperDir === undefined ? undefined : { upper: details.upperDir, lower: details.lowerDirs ?? [], data: [] };

type Asked = { readonly pid: number; readonly of: Mount[]; readonly host: Mount[]; readonly ours: Mount[] };

async function mountsOf(
  { path, initPid }: Workload,
  { proc, mount, readFiles }: FileSystemPlaces,
): Promise<Asked | { readonly unknown: string }> {
  const pid = initPid ?? (await readProcesses(proc, mount, path)).roots[0]?.pid;
  if (pid === undefined) return { unknown: 'no process runs in it whose mounts could be read' };
  const [cgroup, of, host, ours] = await readFiles([
    join(proc, `${pid}/cgroup`),
    join(proc, `${pid}/mountinfo`),
    join(proc, '1/mountinfo'),
    join(proc, 'self/mountinfo'),
  ]);
  if (typeof cgroup !== 'string' || !isWithin(parseProcCgroup(cgroup), path))
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

/**
 * Absolute, and without docker's and podman's short links (`l/ABC`). Paths that are not absolute lie beneath the engine's
 * folder: the one two levels above the merged directory, or above the upper one that the engine tells.
 */
async function onHost(
  layers: OverlayLayers,
  merged: string | undefined,
  upperDir: string | undefined,
): Promise<OverlayLayers> {
  const sample = layers.upper ?? layers.lower[0] ?? '';
  const bases = [merged, upperDir].flatMap((path) => (path ? [dirname(dirname(path))] : []));
  let base = '';
  if (!isAbsolute(sample)) {
    for (const candidate of bases) if (base === '' && (await resolved(join(candidate, sample)))) base = candidate;
  }
  const settle = async (path: string): Promise<string> => {
    const full = isAbsolute(path) || base === '' ? path : join(base, path);
    return (isAbsolute(full) && (await resolved(full))) || full;
  };
  return {
    lower: await Promise.all(layers.lower.map(settle)),
    data: await Promise.all(layers.data.map(settle)),
    ...(layers.upper === undefined ? {} : { upper: await settle(layers.upper) }),
    ...(layers.work === undefined ? {} : { work: await settle(layers.work) }),
  };
}

/** Without links; undefined for what is not there or not for us. */
const resolved = (path: string): Promise<string | undefined> => realpath(path).catch(() => undefined);

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
      const [is, said] = await Promise.all([kernel, runtime].map(settled));
      return is === said ? [] : [{ about, kernel: kernel.join(':'), runtime: runtime.join(':') }];
    }),
  );
  return differences.flat();
}

const listed = (path: string | undefined): readonly string[] | undefined => (path === undefined ? undefined : [path]);

const settled = async (paths: readonly string[]): Promise<string> =>
  (await Promise.all(paths.map(async (path) => (await resolved(path)) ?? path))).join(':');
