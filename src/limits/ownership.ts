/**
 * Who makes a change of one file of one workload, and where: the runtime that made the cgroup, then systemd where the
 * cgroup is a unit of its, then the file itself; with what that choice means for how long the change lasts.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RuntimeSocket } from '../inventory/sockets.ts';
import type { Runtime, Workload } from '../inventory/workload.ts';
import { type CgroupFiles, textIfThere } from '../kernel/cgroup-files.ts';
import { findLimit } from './catalogue.ts';
import { openOwner } from './owners/open-owner.ts';
import type { Owner, OwnerName } from './owners/owner.ts';
import { isRewritten } from './owners/systemd-properties.ts';
import type { Risk, Write } from './plan.ts';
import { shellWord } from './risks.ts';
import { BadValueError } from './units.ts';

export interface OwnerOptions {
  /** Sockets of runtimes and buses that exist. */
  readonly sockets: readonly RuntimeSocket[];
  /** Whom the user insists on; undefined for the right one. */
  readonly via?: OwnerName;
  /** Kept over a reboot, where the owner can. */
  readonly persist?: boolean;
}

export type Place = Pick<Write, 'path' | 'inode' | 'endpoint' | 'subject' | 'via'> & { readonly persist?: boolean };

export interface Ownership {
  readonly owner: Owner;
  readonly place: Place;
  readonly risks: readonly Risk[];
  readonly notes: readonly string[];
}

interface Context {
  readonly files: CgroupFiles;
  readonly owners: OwnerOptions;
}

interface Candidate {
  readonly via: OwnerName;
  readonly endpoint: string;
  readonly subject: string;
}

/** The first candidate that has a property for the file. Throws BadValueError where --via asks for what cannot be. */
export function ownership(target: Workload, file: string, context: Context): Ownership {
  const { files, owners } = context;
  const candidates = candidatesOf(target, owners.sockets);
  const allowed = owners.via ? candidates.filter(({ via }) => via === owners.via) : candidates;
  const found = allowed.find(({ via, endpoint }) => openOwner({ via, endpoint }, files).sets(file));
  if (!found) throw new BadValueError(cannot(target, file, owners.via, candidates));
  const { path, inode } = found.via === 'systemd' ? target : placeOf(target, file, files);
  const place: Place = { path, inode, ...found, ...(owners.persist ? { persist: true } : {}) };
  return { owner: openOwner(found, files), place, ...consequences(target, file, found, owners) };
}

const RAW: Candidate = { via: 'cgroupfs', endpoint: '', subject: '' };

function candidatesOf(target: Workload, sockets: readonly RuntimeSocket[]): Candidate[] {
  const { runtime, id, path } = target;
  // Below a user's manager its own bus and its own engines rule; the manager itself belongs to the system.
  const user = /\/user@(\d+)\.service\//.exec(path)?.[1];
  const uid = user === undefined ? undefined : Number(user);
  const socket = (wanted: Runtime): string | undefined =>
    sockets.find((entry) => entry.runtime === wanted && entry.state === 'usable' && entry.uid === uid)?.path;
  const candidates: Candidate[] = [];
  if (target.kind === 'container' && id !== undefined && (runtime === 'docker' || runtime === 'podman')) {
    const endpoint = socket(runtime);
    if (endpoint) candidates.push({ via: runtime, endpoint, subject: id });
  }
  const unit = unitOf(path);
  const bus = socket('systemd');
  if (unit && bus) candidates.push({ via: 'systemd', endpoint: bus, subject: unit });
  return [...candidates, RAW];
}

/** The unit whose directory this is; undefined for a plain directory, or one inside a unit. */
function unitOf(path: string): string | undefined {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return /\.(service|scope|slice|socket|mount|swap)$/.test(last) && !last.includes(':') ? last : undefined;
}

/**
 * Where the runtime put the limits. crun keeps the processes in a sub-cgroup `container`, and some versions set the
 * limits there and leave the scope at `max`: what is limited there stays there.
 */
function placeOf(
  { path, inode, runtime, kind }: Workload,
  file: string,
  files: CgroupFiles,
): { path: string; inode: number } {
  const inner = `${path}/container`;
  if (kind !== 'container' || (runtime !== 'podman' && runtime !== 'cri-o') || !existsSync(join(files.mount, inner))) {
    return { path, inode };
  }
  const isUnset = (text: string | undefined): boolean =>
    text === undefined || text.startsWith('max') || text === findLimit(file)?.unset;
  const own = textIfThere(files, inner, file);
  const onInner = own !== undefined && (!isUnset(own) || isUnset(textIfThere(files, path, file)));
  return onInner ? { path: inner, inode: files.inode(inner) } : { path, inode };
}

/** What the choice of the owner means. */
function consequences(
  { runtime, kind, name, path, pod, namespace }: Workload,
  file: string,
  { via, subject }: Candidate,
  { persist }: OwnerOptions,
): { risks: Risk[]; notes: string[] } {
  if (path.includes('kubepods')) {
    return {
      risks: [
        {
          level: 'refuse',
          text: `${name} belongs to Kubernetes: the kubelet writes its own values back (pods and QoS classes within a minute)`,
          remedy: `change the pod: ${kubectl(pod, namespace, name, file)}; or add --force for the time until then`,
        },
      ],
      notes: [],
    };
  }
  if (via === 'systemd') {
    const end = persist ? 'until it is changed again' : 'until the next boot (with --persist over it)';
    const runtimeNote =
      kind === 'container' && runtime
        ? [
            `${runtime} has no property for ${file}, so it is set on its unit ${subject}; ${runtime} inspect does not show it`,
          ]
        : [];
    return {
      risks: [],
      notes: [`lasts ${kind === 'unit' && subject.endsWith('.scope') ? 'as long as the scope' : end}`, ...runtimeNote],
    };
  }
  if (via === 'docker' && file === 'memory.max') {
    return { risks: [], notes: ['docker is told MemorySwap with it, so that the swap beside it stays as it is'] };
  }
  if (via === 'podman') {
    return {
      risks: [],
      notes: ['podman before 5.1 does not keep an update: its inspect does not show it, and a restart loses it'],
    };
  }
  if (via !== 'cgroupfs') return { risks: [], notes: [] };
  const risks: Risk[] = persist
    ? [{ level: 'warn', text: `nothing keeps ${path}/${file} over a reboot: --persist needs systemd` }]
    : [];
  const revert = reverts(runtime, name, path, file);
  if (revert) risks.push({ level: 'warn', text: revert });
  return { risks, notes: [] };
}

const INCUS_KEYS: Readonly<Record<string, string>> = {
  'cpu.max': 'limits.cpu.allowance',
  'cpuset.cpus': 'limits.cpu',
  'memory.max': 'limits.memory',
  'pids.max': 'limits.processes',
};

/** Subcommand and option of virsh; it changes the machine now and its configuration. */
const VIRSH: Readonly<Record<string, readonly [command: string, option: string]>> = {
  'cpu.max': ['schedinfo', 'vcpu_quota=MICROSECONDS'],
  'cpu.weight': ['schedinfo', 'cpu_shares=SHARES'],
  'memory.max': ['memtune', '--hard-limit KIB'],
  'memory.high': ['memtune', '--soft-limit KIB'],
  'io.weight': ['blkiotune', '--weight WEIGHT'],
};

/** What takes a raw write back, and what would keep it. */
function reverts(runtime: Runtime | undefined, name: string, path: string, file: string): string | undefined {
  if (runtime === 'lxc')
    return `lost when the container restarts; to keep it add to its config: lxc.cgroup2.${file} = VALUE`;
  if (runtime === 'incus') {
    const key = INCUS_KEYS[file];
    return `lost when the instance restarts${key ? `; to keep it: incus config set ${shellWord(name)} ${key}=VALUE` : ''}`;
  }
  if (runtime === 'libvirt') {
    const [command, option] = VIRSH[file] ?? [];
    const kept = command ? `; to keep it: virsh ${command} ${shellWord(name)} --live --config ${option}` : '';
    return `libvirt does not know of it${kept}`;
  }
  const unit = unitOf(path);
  if (unit && !isRewritten(file)) return `systemd has no property for ${file}: it is lost when ${unit} restarts`;
  if (unit) return `systemd owns ${unit}: a daemon-reload or the unit's restart takes a raw write back`;
  return runtime && runtime !== 'systemd'
    ? `${runtime} does not know of it: its next update or a restart takes it back`
    : undefined;
}

function kubectl(pod: string | undefined, namespace: string | undefined, name: string, file: string): string {
  const resource = file.startsWith('memory.') ? '"memory":"VALUE"' : '"cpu":"VALUE"';
  const container = name.slice(name.indexOf('/') + 1);
  const patch = `{"spec":{"containers":[{"name":"${container}","resources":{"limits":{${resource}}}}]}}`;
  const where = namespace ? ` -n ${shellWord(namespace)}` : '';
  return `kubectl patch pod ${shellWord(pod ?? 'POD')}${where} --subresource resize --patch '${patch}'`;
}

function cannot(
  { name }: Workload,
  file: string,
  via: OwnerName | undefined,
  candidates: readonly Candidate[],
): string {
  const reachable = candidates.map((candidate) => candidate.via).join(', ');
  return `--via ${via}: it cannot set ${file} of ${name} (it does not own it, has no such property, or is not reachable); possible: ${reachable}`;
}
