/** The namespaces of one workload, and with whom it shares each. Pure. */

import { isWithin, parentOf } from '../kernel/cgroup-path.ts';
import { idMapText } from '../kernel/id-map.ts';
import { NAMESPACE_KINDS, type NamespaceKind } from '../kernel/namespace-link.ts';
import { counted } from '../text/counted.ts';
import { textOrder } from '../text/text-order.ts';
import type { Namespace, NamespaceScan, Unseen } from './namespaces.ts';
import type { Workload } from './workload.ts';

export interface WorkloadNamespace {
  readonly namespace: Namespace;
  /** Of this workload, in it. */
  readonly processes: number;
  /** The user namespace that owns it; undefined where that may not be seen. */
  readonly owner: Namespace | undefined;
  /** Other workloads with processes in it, by name. */
  readonly sharedWith: readonly Workload[];
}

export interface NamespacesOfKind {
  readonly kind: NamespaceKind;
  /** Those with the most processes first; several where its processes lie apart. */
  readonly members: readonly WorkloadNamespace[];
  /** Why there are none. */
  readonly reason?: string;
}

export interface WorkloadNamespaces {
  /** All kinds, in their order. */
  readonly kinds: readonly NamespacesOfKind[];
  /** Its processes whose namespaces are not known. */
  readonly unseen: Unseen;
}

const DENIED_REASON = "only root may look into other users' processes (CAP_SYS_PTRACE)";

export function namespacesOf(
  workload: Workload,
  workloads: readonly Workload[],
  { namespaces, unseen, missing }: NamespaceScan,
): WorkloadNamespaces {
  const holderOf = createHolderOf(workloads);
  /** Whose part it is: an inner cgroup does not share with its own container. */
  const container = holderOf(workload.path);
  /** A runtime's helper beside the container lies in the host's: it is not of the container. */
  const isOurs = (cgroup: string): boolean => {
    if (!isWithin(cgroup, workload.path)) return false;
    const holder = holderOf(cgroup);
    return holder?.kind !== 'monitor' || holder.path === workload.path;
  };
  const ours = { denied: 0, foreign: 0 };
  for (const [cgroup, { denied, foreign }] of unseen) {
    if (!isOurs(cgroup)) continue;
    ours.denied += denied;
    ours.foreign += foreign;
  }
  const users = new Map(namespaces.flatMap((one) => (one.kind === 'user' ? [[one.inode, one] as const] : [])));
  const kinds = NAMESPACE_KINDS.map((kind): NamespacesOfKind => {
    const members = namespaces
      .filter((namespace) => namespace.kind === kind)
      .flatMap((namespace): WorkloadNamespace[] => {
        const processes = countOf(namespace, isOurs);
        if (processes === 0) return [];
        const others = holdersOf(namespace, holderOf).filter(
          (holder) => holder !== container && !isWithin(holder.path, workload.path),
        );
        return [{ namespace, processes, owner: users.get(namespace.owner ?? -1), sharedWith: others }];
      })
      .sort((a, b) => b.processes - a.processes);
    return members.length > 0 ? { kind, members } : { kind, members, reason: reasonFor(kind, missing, ours) };
  });
  return { kinds, unseen: ours };
}

function reasonFor(kind: NamespaceKind, missing: ReadonlySet<NamespaceKind>, { denied, foreign }: Unseen): string {
  if (missing.has(kind)) return `this kernel has no ${kind} namespaces`;
  if (denied > 0) return DENIED_REASON;
  return foreign > 0 ? 'its processes are outside our PID namespace' : 'it has no process';
}

const countOf = ({ cgroups }: Namespace, isCounted: (cgroup: string) => boolean): number => {
  let count = 0;
  for (const [cgroup, processes] of cgroups) if (isCounted(cgroup)) count += processes;
  return count;
};

/** The workload that a cgroup's processes belong to: itself, or what it is the inside of. */
export type HolderOf = (cgroup: string) => Workload | undefined;

export function createHolderOf(workloads: readonly Workload[]): HolderOf {
  const byPath = new Map(workloads.map((workload) => [workload.path, workload]));
  return (cgroup) => {
    let holder = byPath.get(cgroup);
    for (let path = cgroup; holder?.kind === 'inner'; holder = byPath.get(path)) path = parentOf(path);
    return holder;
  };
}

/** Workloads with processes in the namespace, by name. */
export function holdersOf({ cgroups }: Namespace, holderOf: HolderOf): Workload[] {
  const holders = new Set([...cgroups.keys()].flatMap((cgroup) => holderOf(cgroup) ?? []));
  return [...holders].sort((a, b) => textOrder(a.name, b.name));
}

/** `host`; `shared` with another workload; `own` where nobody else whom we may read is in it; undefined: not known. */
export function whoseIs({ namespace, sharedWith }: WorkloadNamespace): 'host' | 'own' | 'shared' | undefined {
  if (namespace.isHost) return 'host';
  if (sharedWith.length > 0) return 'shared';
  return namespace.isHost === undefined ? undefined : 'own';
}

/** `host`, the owner's inode, `none` of the kernel's first, which nobody owns, or `--`. */
export function ownerText({ namespace, owner }: WorkloadNamespace): string {
  if (owner !== undefined) return owner.isHost ? 'host' : String(owner.inode);
  return namespace.kind === 'user' && namespace.isHost ? 'none' : '--';
}

/** `first, second, 5 more` */
export function namesText(workloads: readonly Workload[], most: number): string {
  const names = workloads.slice(0, most).map(({ name }) => name);
  const more = workloads.length - names.length;
  return [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

/** The id maps of a user namespace, a line each; that of the gids only where it is another. None for other kinds. */
export function idMapLines({ inode, uidMap, gidMap }: Namespace): string[] {
  const [uids, gids] = [uidMap && idMapText(uidMap), gidMap && idMapText(gidMap)];
  if (uids === undefined) return [];
  if (uids === gids || gids === undefined) return [`ids of user ${inode}: ${uids}`];
  return [`uids of user ${inode}: ${uids}`, `gids of user ${inode}: ${gids}`];
}

/** What could not be counted, and why; a line each. */
export function unseenLines({ denied, foreign }: Unseen): string[] {
  return [
    ...(denied > 0
      ? [`${counted(denied, 'process', 'processes')} not read, and so not counted: ${DENIED_REASON}`]
      : []),
    ...(foreign > 0 ? [`${counted(foreign, 'process', 'processes')} outside our PID namespace not counted`] : []),
  ];
}
