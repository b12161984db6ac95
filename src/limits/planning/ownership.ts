/**
 * Who makes a change of one file of one workload, and where: the runtime that made the cgroup, then systemd where the
 * cgroup is a unit of its, then the file itself; with what that choice means for how long the change lasts.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { crunInner } from '../../inventory/crun.ts';
import type { Workload } from '../../inventory/workload.ts';
import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import { BadValueError } from '../catalogue/units.ts';
import { OWNER_NAMES, type OwnerName, type OwnerOptions, type Risk, type Write } from '../model.ts';
import { keptText, kubectlHint, revertText } from '../owners/hints.ts';
import { openOwner } from '../owners/open-owner.ts';
import type { Owner } from '../owners/owner.ts';
import { type PossibleOwner, possibleOwners } from '../owners/possible-owners.ts';
import { isTransient } from '../owners/transient.ts';

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

/**
 * Who makes the change, and where: one place, or two where crun keeps the limit both on the container's own cgroup and on
 * the one below it. Which of the two an engine's update reaches depends on its version, so each is a write of its own: the
 * engine's below, and that of the unit (or of the file) above.
 */
export function ownerships(target: Workload, file: string, context: Context): Ownership[] {
  const first = ownership(target, file, context);
  const isBelow = first.place.path !== target.path && context.owners.via === undefined;
  if (!isBelow || limitsNothing(file, textIfThere(context.files, target.path, file))) return [first];
  const found = possibleOwners(target, context.owners).find(
    ({ via, endpoint }) =>
      (via === 'systemd' || via === 'cgroupfs') && openOwner({ via, endpoint }, context.files).sets(file),
  );
  return found ? [first, ownershipAt(target, file, found, target, context)] : [first];
}

/** The first candidate that has a property for the file. Throws BadValueError where --via asks for what cannot be. */
export function ownership(target: Workload, file: string, context: Context): Ownership {
  const { files, owners } = context;
  const candidates = possibleOwners(target, owners);
  const inner = innerOf(target, file, files);
  const isLimitedBelow = inner !== undefined && !limitsNothing(file, inner.text);
  // The limit of a unit is no way past one that crun set below it.
  const allowed = candidates.filter(({ via }) =>
    owners.via ? via === owners.via : via !== 'systemd' || !isLimitedBelow,
  );
  const found = allowed.find(({ via, endpoint }) => openOwner({ via, endpoint }, files).sets(file));
  if (!found) throw new BadValueError(cannot(target, file, owners.via, candidates));
  // crun carries out the updates of an engine below; the file itself is written where the limit is.
  const isEngine = found.via !== 'systemd' && found.via !== 'cgroupfs';
  const isBelow =
    found.via !== 'systemd' &&
    (isEngine || isLimitedBelow || limitsNothing(file, textIfThere(files, target.path, file)));
  return ownershipAt(target, file, found, inner && isBelow ? inner : target, context);
}

function ownershipAt(
  target: Workload,
  file: string,
  found: PossibleOwner,
  { path, inode }: Pick<Place, 'path' | 'inode'>,
  context: Context,
): Ownership {
  const { files, owners } = context;
  const place: Place = { path, inode, ...found, ...(owners.persist ? { persist: true } : {}) };
  return { owner: openOwner(found, files), place, ...consequences(target, file, found, path, context) };
}

/** Whether the file puts no limit on anything. One that is missing puts none, nor does the period of `max 50000`. */
function limitsNothing(file: string, text: string | undefined): boolean {
  const limit = findLimit(file);
  return (
    text === undefined || text.startsWith('max') || text === limit?.unset || limit?.same?.(text, limit.unset) === true
  );
}

/** crun's cgroup below that of the container, where it has the file. */
function innerOf(
  workload: Workload,
  file: string,
  files: CgroupFiles,
): (Pick<Place, 'path' | 'inode'> & { readonly text: string }) | undefined {
  const path = crunInner(workload.path, workload);
  if (path === undefined || !existsSync(join(files.mount, path))) return undefined;
  const text = textIfThere(files, path, file);
  return text === undefined ? undefined : { path, inode: files.inode(path), text };
}

/** What the choice of the owner means. `path`: where the file is. */
function consequences(
  target: Workload,
  file: string,
  found: PossibleOwner,
  path: string,
  context: Context,
): { risks: Risk[]; notes: string[] } {
  const { name } = target;
  const { via, endpoint, subject } = found;
  const { persist } = context.owners;
  const risks: Risk[] = [];
  const notes: string[] = [];
  if (path.includes('kubepods')) {
    risks.push({
      level: 'refuse',
      text: `${name} belongs to Kubernetes: the kubelet writes its own values back (pods and QoS classes within a minute)`,
      remedy: `change the pod: ${kubectlHint(target, file)}`,
    });
  } else if (via === 'systemd') {
    notes.push(...unitNotes(target, file, found, context));
    if (persist && isTransient(endpoint, subject)) {
      const text = `${subject} is transient: its limits end with it, and --persist keeps nothing over that`;
      risks.push({ level: 'warn', text });
    }
  } else if (via === 'cgroupfs') {
    if (persist) {
      risks.push({
        level: 'warn',
        text: `nothing keeps ${path}/${file} over a reboot: --persist needs systemd or Incus`,
      });
    }
    const revert = context.owners.disowned?.(target.path, 'systemd') ? undefined : revertText(target, file, path);
    if (revert) risks.push({ level: 'warn', text: revert });
  }
  const others = OWNER_NAMES.flatMap((owner) => context.owners.disowned?.(target.path, owner) ?? []);
  return {
    risks,
    notes: [...notes, ...others.map((text) => `${text}, so ${said(via)}`), ...(NOTES[via]?.(file) ?? [])],
  };
}

const said = (via: OwnerName): string => (via === 'cgroupfs' ? 'the file itself is written' : `${via} is told`);

function unitNotes(
  target: Workload,
  file: string,
  { endpoint, subject }: PossibleOwner,
  { files, owners: { persist, via } }: Context,
): string[] {
  const { kind, runtime } = target;
  const end = persist ? 'until it is changed again' : 'until the next boot (with --persist over it)';
  const lasts = isTransient(endpoint, subject) ? endOfTransient(target, file, subject) : end;
  if (kind !== 'container' || !runtime) return [`lasts ${lasts}`];
  const isEngine = runtime === 'docker' || runtime === 'podman';
  const isItsOwn = isEngine && openOwner({ via: runtime, endpoint: '' }, files).sets(file);
  if (isEngine && !isItsOwn)
    return [
      `lasts ${lasts}`,
      `${runtime} has no property for ${file}, so it is set on its unit ${subject}; ${runtime} inspect does not show it`,
    ];
  const why = isItsOwn && via === undefined ? `no API of ${runtime} can be asked (see tscg doctor), so ` : '';
  return [`lasts ${lasts}`, `${why}it is set on its unit ${subject}: ${runtime} does not know of it`];
}

function endOfTransient(target: Workload, file: string, unit: string): string {
  if (target.kind === 'container') return `until the container stops or restarts${keptText(target, file)}`;
  return `as long as ${unit.endsWith('.scope') ? 'the scope' : `${unit}, which is transient`}`;
}

/** What an owner does beside what it is asked. */
const NOTES: Partial<Record<OwnerName, (file: string) => string[]>> = {
  docker: (file) =>
    file === 'memory.max' ? ['docker is told MemorySwap with it, so that the swap beside it stays as it is'] : [],
  podman: () => ['podman before 5.1 does not keep an update: its inspect does not show it, and a restart loses it'],
  cri: (file) =>
    file === 'memory.max' ? ['beside a memory limit the runtime allows no swap, as Kubernetes has it'] : [],
  incus: (file) => [
    'kept in the configuration of the instance, over its restart and a reboot',
    ...(file === 'memory.max' ? ['Incus sets memory.swap.max and memory.high to suit it'] : []),
  ],
};

function cannot(
  { name }: Workload,
  file: string,
  via: OwnerName | undefined,
  candidates: readonly PossibleOwner[],
): string {
  const reachable = candidates.map((candidate) => candidate.via).join(', ');
  return `--via ${via}: it cannot set ${file} of ${name} (it does not own it, has no such property, or is not reachable); possible: ${reachable}`;
}
