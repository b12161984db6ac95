/** Any row with a name: what a cgroup is, as far as its path, the disk and the runtimes tell. */

import type { WorkloadDetails } from './runtimes/details.ts';

export type WorkloadKind =
  /** A cgroup that a runtime made for one container. */
  | 'container'
  /** Kubernetes or podman pod: the parent of its containers. */
  | 'pod'
  /** Virtual machine or system container (nspawn, LXC, libvirt, Proxmox). */
  | 'machine'
  /** systemd service or scope. */
  | 'unit'
  /** systemd slice, or a runtime's folder (`/docker`, `/kubepods/burstable`): only holds others. */
  | 'slice'
  /** A runtime's own helper beside a container: conmon, lxc.monitor, podman pause, nspawn supervisor. */
  | 'monitor'
  /** Sub-cgroup of a container or delegated unit (`…scope/container`, `payload`): part of its ancestor. */
  | 'inner'
  /** A directory nobody claims. */
  | 'cgroup'
  | 'root';

/** Who made it, and so whose tool changes it. */
export type Runtime =
  | 'docker'
  | 'podman'
  | 'containerd'
  | 'cri-o'
  | 'kubernetes'
  | 'nerdctl'
  | 'buildkit'
  | 'lxc'
  | 'incus'
  | 'nspawn'
  | 'libvirt'
  | 'proxmox'
  | 'ecs'
  | 'nomad'
  | 'slurm'
  | 'systemd';

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

export interface Workload extends Identity {
  /** Path beneath the mount: `/` or `/a/b`, as in /proc/PID/cgroup. */
  readonly path: string;
  /** Inode of the directory: with the boot, the identity of the cgroup. */
  readonly inode: number;
  /** Untrusted text from inside containers is cleaned (`../text/clean.ts`) before it gets here. */
  readonly name: string;
  readonly image?: string;
  readonly pod?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Pid of the container's init on this host, where the runtime or the disk tells. */
  readonly initPid?: number;
  /** All that the runtime's API tells, where one answers. */
  readonly details?: WorkloadDetails;
}

/** Structure (slices, the inside of containers, their monitors) is listed only where all is asked for. */
export const isListed = ({ kind }: Pick<Identity, 'kind'>): boolean =>
  !['root', 'slice', 'monitor', 'inner'].includes(kind);

/**
 * What stays where it is re-created: a container's name, for the next one of it has another id and so another path; else
 * the path. The name is known only once its runtime has told it.
 */
export const placeOf = ({ kind, runtime, uid, name, path }: Workload): string =>
  kind === 'container' || kind === 'pod' ? [runtime, uid, name].join(' ') : path;
