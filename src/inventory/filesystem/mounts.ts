/** What is mounted inside a workload, and where on this host it comes from. */

import { type Mount, mountedPath } from '../../kernel/mountinfo.ts';
import { clean } from '../../text/clean.ts';
import { isReadOnly, isSame } from './root.ts';

export interface InnerMount {
  /** Path inside, cleaned. */
  readonly target: string;
  /** Path on this host where ours show it, else as it was mounted (`tmpfs`, `server:/export`); cleaned. */
  readonly source: string;
  readonly kind: 'bind' | 'volume' | 'tmpfs' | 'mount';
  /** Of docker, podman or Kubernetes. */
  readonly volume?: string;
  readonly fsType: string;
  readonly readOnly: boolean;
  /** Of this mount: `nosuid`, `noexec`. */
  readonly options: readonly string[];
  /** Everybody has it: the kernel's own (/proc, /dev, …), or the engine's (/etc/hosts, …). */
  readonly own?: 'kernel' | 'engine';
}

/** In the order of mounting, without `/`. `host`: mounts of pid 1, which a workload that shares them did not make. */
export function innerMounts(of: readonly Mount[], host: readonly Mount[], ours: readonly Mount[]): InnerMount[] {
  const hosts = new Map(host.map((mount) => [mount.mountPoint, mount]));
  return of.flatMap((mount): InnerMount[] => {
    const { mountPoint, fsType, options } = mount;
    const shared = hosts.get(mountPoint);
    const isShared = shared !== undefined && isSame(mount, shared) && isReadOnly(mount) === isReadOnly(shared);
    if (mountPoint === '/' || isShared) return [];
    const place = mountedPath(ours, mount);
    const volume = place === undefined ? undefined : volumeOf(place);
    const own = isKernels(mount) ? 'kernel' : ENGINES.test(mount.root) ? 'engine' : undefined;
    return [
      {
        target: clean(mountPoint),
        source: clean(place ?? (mount.root === '/' ? mount.source : `${mount.source}:${mount.root}`)),
        kind: volume !== undefined ? 'volume' : place !== undefined ? 'bind' : fsType === 'tmpfs' ? 'tmpfs' : 'mount',
        ...(volume === undefined ? {} : { volume }),
        fsType,
        readOnly: isReadOnly(mount),
        options: options.filter((option) => option !== 'rw' && option !== 'ro'),
        ...(own === undefined ? {} : { own }),
      },
    ];
  });
}

const KERNELS: ReadonlySet<string> = new Set([
  'proc',
  'sysfs',
  'cgroup',
  'cgroup2',
  'devpts',
  'mqueue',
  'securityfs',
  'debugfs',
  'tracefs',
  'bpf',
  'pstore',
  'configfs',
  'fusectl',
  'efivarfs',
  'binfmt_misc',
]);

/** tmpfs and the devices' own below /dev, /proc and /sys: /dev/shm, and what a runtime hides with them. */
const isKernels = ({ fsType, mountPoint }: Mount): boolean =>
  KERNELS.has(fsType) || (/^(tmpfs|devtmpfs)$/.test(fsType) && /^\/(dev|proc|sys)(\/|$)/.test(mountPoint));

/** Files that docker, podman, containerd and CRI-O keep for each container: its hostname, hosts, resolv.conf. */
const ENGINES = /\/(containers|overlay-containers|sandboxes)\/[0-9a-f]{64}\//;

/**
 *     /var/lib/docker/volumes/NAME/_data                 /var/lib/containers/storage/volumes/NAME/_data
 *     /var/lib/kubelet/pods/UID/volumes/kubernetes.io~TYPE/NAME      …/volume-subpaths/NAME/CONTAINER/0
 */
const VOLUMES = [
  /\/volumes\/([^/]+)\/_data(?:\/|$)/,
  /\/pods\/[0-9a-f-]+\/volumes\/[^/]+~[^/]+\/([^/]+)/,
  /\/pods\/[0-9a-f-]+\/volume-subpaths\/([^/]+)\//,
];

const volumeOf = (place: string): string | undefined => {
  const name = VOLUMES.map((pattern) => pattern.exec(place)?.[1]).find((found) => found !== undefined);
  return name === undefined ? undefined : clean(name);
};
