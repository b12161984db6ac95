/**
 * The table of what cgroups are called: one row a pattern, the most specific first. A row looks at one directory's own
 * name, whole, and at most at the path of its parent, never at the start of the path: kind, docker-in-docker and WSL put
 * a whole machine's tree below another cgroup. Names are those that docker, podman, containerd, CRI-O, kubelet, LXC,
 * machined, libvirt, Proxmox, ECS, Nomad, Slurm and systemd give.
 */

import type { Runtime, WorkloadKind } from './workload.ts';

export interface Rule {
  /** The directory's own name. Groups: `id`, `name`, `pod` (uid of the pod), `qos`, `engine` (key of ENGINES), `job`. */
  readonly own: RegExp;
  /** Path of its parent, from its end. Groups as in `own`. */
  readonly under?: RegExp;
  readonly kind: WorkloadKind;
  readonly runtime?: Runtime;
}

/** What engines call themselves in the names of cgroups. */
export const ENGINES: Readonly<Record<string, Runtime>> = {
  docker: 'docker',
  'cri-containerd': 'containerd',
  crio: 'cri-o',
  nerdctl: 'nerdctl',
  libpod: 'podman',
};

/** `$ENGINE-<64 hex>` and the like, spelled out. */
function pattern(template: string): RegExp {
  const expanded = template.replace(/\$([A-Z]+)/g, (_, name: string) => PIECES[name] ?? '');
  return new RegExp(`^${expanded}$`);
}

const PIECES: Readonly<Record<string, string>> = {
  ID: '(?<id>[0-9a-f]{64})',
  /** buildkit's ids: base 36. */
  BUILD: '(?<id>[0-9a-z]{25})',
  UUID: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  /** Uid of a pod: a UUID, or 32 hex digits for a static one; `_` for `-` in the name of a slice. */
  POD: '(?<pod>[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})',
  /** Slurm's sortable id of a job, in place of its number from 26.05 on: 13 digits of base 32. */
  SLUID: 's[0-9A-HJKMNP-TV-Z]{13}',
  QOS: '(?<qos>burstable|besteffort)',
  ENGINE: '(?<engine>docker|cri-containerd|crio|nerdctl|libpod)',
};

/** Helpers, before the containers whose ids they carry. */
const MONITORS: readonly Rule[] = [
  { own: pattern('libpod-conmon-$ID(?:\\.scope)?'), kind: 'monitor', runtime: 'podman' },
  { own: pattern('crio-conmon-$ID(?:\\.scope)?'), kind: 'monitor', runtime: 'cri-o' },
  { own: pattern('(?:.*-)?conmon-$ID(?:\\.scope)?'), kind: 'monitor' },
  { own: /^podman-pause-[0-9a-f]+\.scope$/, kind: 'monitor', runtime: 'podman' },
  { own: /^podman-\d+\.scope$/, kind: 'monitor', runtime: 'podman' },
  { own: /^netavark-.+$/, kind: 'monitor', runtime: 'podman' },
  /** Quadlet's conmon: a service with --cgroups=split has `libpod-payload-ID` and this. */
  { own: /^runtime$/, under: /\.service$/, kind: 'monitor', runtime: 'podman' },
  { own: /^lxc\.monitor\.(?<name>.+)$/, kind: 'monitor', runtime: 'lxc' },
  { own: /^(?<name>.+)$/, under: /\/lxc\.monitor$/, kind: 'monitor', runtime: 'lxc' },
  {
    own: /^supervisor$/,
    under: /\/(?:machine-[^/]+\.scope|systemd-nspawn@[^/]+\.service)$/,
    kind: 'monitor',
    runtime: 'nspawn',
  },
  { own: /^slurm$/, under: /\/step_[^/]+$/, kind: 'monitor', runtime: 'slurm' },
  { own: /^system$/, under: /slurmstepd\.scope$/, kind: 'monitor', runtime: 'slurm' },
];

const PODS: readonly Rule[] = [
  { own: pattern('(?:.*-)?kubepods(?:-$QOS)?-pod$POD\\.slice'), kind: 'pod', runtime: 'kubernetes' },
  {
    own: pattern('pod$POD'),
    under: /\/kubepods(?:\/(?<qos>burstable|besteffort))?$/,
    kind: 'pod',
    runtime: 'kubernetes',
  },
  /** Below a parent of the administrator's own; the class of the pod is then not in the path. */
  { own: pattern('pod(?<pod>$UUID)'), kind: 'pod', runtime: 'kubernetes' },
  { own: /^(?:.*-)?libpod_pod_(?<pod>[0-9a-f]{64})\.slice$/, kind: 'pod', runtime: 'podman' },
  /** With the cgroupfs manager podman's pods are bare ids, its containers `libpod-ID` within or beside them. */
  { own: /^(?<pod>[0-9a-f]{64})$/, under: /\/libpod_parent$/, kind: 'pod', runtime: 'podman' },
  { own: /^ecstasks-(?<pod>[0-9a-f]{32})\.slice$/, kind: 'pod', runtime: 'ecs' },
  { own: pattern('(?<pod>[0-9a-f]{32}|$UUID)'), under: /\/ecs(?:\/[^/]+)?$/, kind: 'pod', runtime: 'ecs' },
  { own: /^job_(?<pod>\d+)$/, under: /slurmstepd\.scope$/, kind: 'pod', runtime: 'slurm' },
  { own: pattern('(?<pod>$SLUID)'), under: /slurmstepd\.scope$/, kind: 'pod', runtime: 'slurm' },
];

const CONTAINERS: readonly Rule[] = [
  /** A runtime that was told cgroupfs while the kubelet gave it a systemd name: `slice:prefix:id` as one directory. */
  { own: pattern('(?:.*-)?kubepods(?:-$QOS)?-pod$POD\\.slice:$ENGINE:$ID'), kind: 'container' },
  { own: pattern('(?:.*-)?kubepods(?:-$QOS)?-pod$POD\\.slice:$ENGINE:(?<name>[^:]+)'), kind: 'container' },
  { own: pattern('[^:]*:$ENGINE:$ID'), kind: 'container' },
  { own: pattern('[^:]*:docker:$BUILD'), kind: 'container', runtime: 'buildkit' },
  { own: pattern('[^:]*:$ENGINE:(?<name>[^:]+)'), kind: 'container' },
  /** Without `.scope`: sandboxes of CRI-O, and cgroupfs managers. */
  { own: pattern('$ENGINE-(?:payload-)?$ID(?:\\.scope)?'), kind: 'container' },
  { own: pattern('$BUILD'), under: /\/buildkit$/, kind: 'container', runtime: 'buildkit' },
  { own: pattern('$ID'), under: /\/buildkit$/, kind: 'container', runtime: 'buildkit' },
  { own: pattern('$ID'), under: /\/docker(?:\/buildx)?$/, kind: 'container', runtime: 'docker' },
  { own: pattern('$ID'), under: /\/default$/, kind: 'container', runtime: 'nerdctl' },
  { own: pattern('$ID'), under: /\/ecs\/.+$/, kind: 'container', runtime: 'ecs' },
  { own: pattern('$ID'), under: /\/pod[0-9a-f-]{32,36}$/, kind: 'container', runtime: 'kubernetes' },
  {
    own: pattern('(?<id>$UUID)[.-](?<name>.+)\\.scope'),
    under: /\/nomad\.slice(?:\/(?:share|reserve)\.slice)?$/,
    kind: 'container',
    runtime: 'nomad',
  },
  { own: /^step_(?<name>.+)$/, under: /\/job_(?<job>\d+)$/, kind: 'container', runtime: 'slurm' },
  {
    own: /^step_(?<name>.+)$/,
    under: /slurmstepd\.scope\/(?<job>s[0-9A-HJKMNP-TV-Z]{13})$/,
    kind: 'container',
    runtime: 'slurm',
  },
];

const MACHINES: readonly Rule[] = [
  { own: /^lxc\.payload\.(?<name>.+)$/, kind: 'machine', runtime: 'lxc' },
  { own: /^(?<name>.+)$/, under: /\/lxc\.payload$/, kind: 'machine', runtime: 'lxc' },
  { own: /^(?<name>\d+)$/, under: /\/lxc$/, kind: 'machine', runtime: 'proxmox' },
  { own: /^(?<name>.+)$/, under: /\/lxc$/, kind: 'machine', runtime: 'lxc' },
  { own: /^(?<name>\d+)\.scope$/, under: /\/qemu\.slice$/, kind: 'machine', runtime: 'proxmox' },
  {
    own: /^machine-(?:qemu|lxc)(?:\\x2d|-)(?<id>\d+)(?:\\x2d|-)(?<name>.+)\.scope$/,
    kind: 'machine',
    runtime: 'libvirt',
  },
  { own: /^(?<name>.+)\.libvirt-(?:qemu|lxc)$/, kind: 'machine', runtime: 'libvirt' },
  { own: /^machine-(?<name>.+)\.scope$/, kind: 'machine', runtime: 'nspawn' },
  { own: /^systemd-nspawn@(?<name>.+)\.service$/, kind: 'machine', runtime: 'nspawn' },
];

/** An id alone: a container, of an engine that only its own state on disk or its API can tell. */
const BARE: readonly Rule[] = [
  { own: pattern('$ID'), kind: 'container' },
  { own: pattern('.+-$ID\\.scope'), kind: 'container' },
];

const FOLDERS: readonly Rule[] = [
  { own: /^(?:.*-)?kubepods(?:-burstable|-besteffort)?(?:\.slice)?$/, kind: 'slice', runtime: 'kubernetes' },
  { own: /^kubelet(?:\.slice)?$/, kind: 'slice', runtime: 'kubernetes' },
  { own: /^(?:burstable|besteffort)$/, under: /\/kubepods$/, kind: 'slice', runtime: 'kubernetes' },
  { own: /^docker$/, kind: 'slice', runtime: 'docker' },
  { own: /^buildx$/, under: /\/docker$/, kind: 'slice', runtime: 'docker' },
  { own: /^buildkit$/, kind: 'slice', runtime: 'buildkit' },
  { own: /^libpod_parent$/, kind: 'slice', runtime: 'podman' },
  { own: /^lxc(?:\.payload|\.monitor)?$/, kind: 'slice', runtime: 'lxc' },
  { own: /^machine$/, kind: 'slice', runtime: 'libvirt' },
  { own: /^qemu\.slice$/, kind: 'slice', runtime: 'proxmox' },
  { own: /^ecs$/, kind: 'slice', runtime: 'ecs' },
  { own: /^ecstasks\.slice$/, kind: 'slice', runtime: 'ecs' },
  { own: /^nomad\.slice$/, kind: 'slice', runtime: 'nomad' },
  { own: /^(?:share|reserve)\.slice$/, under: /\/nomad\.slice$/, kind: 'slice', runtime: 'nomad' },
  { own: /^(?:.+_)?slurmstepd\.scope$/, kind: 'slice', runtime: 'slurm' },
];

/** Where a manager of systemd can have a unit of that name: ./units.ts. */
const UNITS: readonly Rule[] = [
  { own: /^.+\.slice$/, kind: 'slice', runtime: 'systemd' },
  { own: /^.+\.(?:service|scope|mount|swap|socket)$/, kind: 'unit', runtime: 'systemd' },
];

export const RULES: readonly Rule[] = [...MONITORS, ...PODS, ...CONTAINERS, ...MACHINES, ...BARE, ...FOLDERS, ...UNITS];
