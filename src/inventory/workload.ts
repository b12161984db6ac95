/** Any row with a name: what a cgroup is, as far as its path, the disk and the runtimes tell. */

import { areNested } from '../kernel/cgroup-path.ts';

export const WORKLOAD_KINDS = [
  /** A cgroup that a runtime made for one container. */
  'container',
  /** Kubernetes or podman pod: the parent of its containers. */
  'pod',
  /** Virtual machine or system container (nspawn, LXC, libvirt, Proxmox). */
  'machine',
  /** systemd service or scope. */
  'unit',
  /** systemd slice, or a runtime's folder (`/docker`, `/kubepods/burstable`): only holds others. */
  'slice',
  /** A runtime's own helper beside a container: conmon, lxc.monitor, podman pause, nspawn supervisor. */
  'monitor',
  /** Sub-cgroup of a container or delegated unit (`…scope/container`, `payload`): part of its ancestor. */
  'inner',
  /** A directory nobody claims. */
  'cgroup',
  'root',
] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

export const isWorkloadKind = (text: string | undefined): text is WorkloadKind =>
  WORKLOAD_KINDS.some((kind) => kind === text);

/** Who made it, and so whose tool changes it. */
export const RUNTIMES = [
  'docker',
  'podman',
  'containerd',
  'cri-o',
  'kubernetes',
  'nerdctl',
  'buildkit',
  'lxc',
  'incus',
  'nspawn',
  'libvirt',
  'proxmox',
  'ecs',
  'nomad',
  'slurm',
  'systemd',
] as const;
export type Runtime = (typeof RUNTIMES)[number];

export const isRuntime = (text: string | undefined): text is Runtime => RUNTIMES.some((runtime) => runtime === text);

/** What the path alone tells. */
export interface Identity {
  readonly kind: WorkloadKind;
  readonly runtime?: Runtime;
  /** The runtime's id: 64 hex digits for containers, pod uid with dashes, job id. */
  readonly id?: string;
  /** Name that the path holds: unit name, machine name, slurm job, nomad task. */
  readonly name?: string;
  /** For pods and their containers. */
  readonly podUid?: string;
  readonly qos?: 'guaranteed' | 'burstable' | 'besteffort';
  /** Uid of the user whose manager or session it lies under. */
  readonly uid?: number;
}

/** All text is cleaned (src/text/clean.ts) and bounded. What the API does not tell is absent. */
export interface WorkloadDetails {
  readonly runtime: Runtime;
  /**
   * What the cgroup's path holds: 64 hex digits of a container or podman pod, uid of a Kubernetes pod, name of a machine or
   * unit.
   */
  readonly id: string;
  /** As its owner calls it: `web`, `pod/container`, `nginx.service`. */
  readonly name: string;
  /** systemd's Description. */
  readonly description?: string;
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly pod?: string;
  readonly podUid?: string;
  readonly namespace?: string;
  readonly containerName?: string;
  readonly composeProject?: string;
  readonly composeService?: string;
  /** Milliseconds since 1970. */
  readonly created?: number;
  /** The runtime's own word, in lower case: `running`, `paused`, `active`, … */
  readonly state?: string;
  readonly restartCount?: number;
  /** `starting`, `healthy`, `unhealthy`; absent where no check is defined. */
  readonly health?: string;
  /** `bridge`, `host`, `none`, `container:ID`, `pod`, … */
  readonly networkMode?: string;
  readonly ipAddresses?: readonly string[];
  /** Path on this host, mounted while it runs. */
  readonly rootfs?: string;
  readonly storageDriver?: string;
  readonly upperDir?: string;
  readonly lowerDirs?: readonly string[];
  /** On this host. */
  readonly initPid?: number;
  /** Beneath the hierarchy's mount, as the runtime believes it: with crun the parent of the one that holds the processes. */
  readonly cgroupPath?: string;
  /** The systemd slice it lies in. */
  readonly slice?: string;
  /** Owner of the socket that told, where it is not the system's: worth believing for this user's cgroups only. */
  readonly uid?: number;
}

export interface Workload extends Identity {
  /** Path beneath the mount: `/` or `/a/b`, as in /proc/PID/cgroup. */
  readonly path: string;
  /** Inode of the directory: with the boot, the identity of the cgroup. */
  readonly inode: number;
  /** As its owner calls it: `web`, or `pod/container`. All text is cleaned (`../text/clean.ts`) before it gets here. */
  readonly name: string;
  readonly image?: string;
  readonly pod?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Pid of the container's init on this host, where the runtime or the disk tells. */
  readonly initPid?: number;
  /** All that the runtime's API tells, where one answers. */
  readonly details?: WorkloadDetails;
  /** The machine it is on, where that is not this one. */
  readonly host?: string;
  /** The container that its path is called as, and that is elsewhere. */
  readonly claim?: Claim;
}

export interface Claim {
  /** As the runtime calls the container. */
  readonly name: string;
  /** Where it really is. */
  readonly path: string;
}

/** The labels that docker compose gives a container; podman-compose has a name of its own for that of the project. */
export const COMPOSE_LABELS = {
  project: 'com.docker.compose.project',
  podmanProject: 'io.podman.compose.project',
  service: 'com.docker.compose.service',
} as const;

/** As the runtime tells it, else by the labels of the container. */
export const composeProjectOf = ({ details, labels }: Workload): string | undefined =>
  details?.composeProject ?? labels?.[COMPOSE_LABELS.project] ?? labels?.[COMPOSE_LABELS.podmanProject];

export const composeServiceOf = ({ details, labels }: Workload): string | undefined =>
  details?.composeService ?? labels?.[COMPOSE_LABELS.service];

/** Its name within its pod: `nginx` of `web-0/nginx`, as files and APIs call it (`podName` in names/source.ts). */
export const containerNameOf = ({ kind, pod, name, details }: Workload): string | undefined =>
  details?.containerName ??
  (kind === 'container' && pod !== undefined && name.startsWith(`${pod}/`) ? name.slice(pod.length + 1) : undefined);

/** Structure (slices, the inside of containers, their monitors) is listed only where all is asked for. */
export const isListed = ({ kind }: Pick<Identity, 'kind'>): boolean =>
  !['root', 'slice', 'monitor', 'inner'].includes(kind);

/**
 * Whether a change of the cgroups at these paths may help or harm it only from outside: it holds none of them, nor is in
 * one.
 */
export const isThirdParty = (workload: Pick<Workload, 'kind' | 'path'>, changed: readonly string[]): boolean =>
  isListed(workload) && !changed.some((path) => areNested(path, workload.path));

/**
 * What stays where it is re-created: a container's name, for the next one of it has another id and so another path; else
 * the path. The name is known only once its runtime has told it.
 */
export const placeOf = ({ kind, runtime, uid, name, path, host }: Workload): string => {
  const place = kind === 'container' || kind === 'pod' ? [runtime, uid, name].join(' ') : path;
  return host === undefined ? place : `${host} ${place}`;
};

/** What a command is given to mean this workload: its name, or its path where the name means something else there, as `self`. */
export const typedName = ({ path, name }: Pick<Workload, 'path' | 'name'>): string =>
  name === '' || name === 'self' || /^(-|pid:)/.test(name) ? path : name;
