/**
 * Who may be the owner of a workload: the engine that made it, the manager whose unit it can be, and the file itself. Where
 * each is reached, and what it calls the workload. That it is its own the owner has yet to confirm.
 */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runtimeOf } from '../../inventory/owner.ts';
import type { RuntimeSocket } from '../../inventory/sockets.ts';
import { managerOf, unitAt } from '../../inventory/units.ts';
import type { Runtime, Workload } from '../../inventory/workload.ts';
import type { OwnerOptions, Write } from '../model.ts';

export type PossibleOwner = Pick<Write, 'via' | 'endpoint' | 'subject'>;

const RAW: PossibleOwner = { via: 'cgroupfs', endpoint: '', subject: '' };

/** The best first, the file itself last; without those that said that it is none of their own. */
export function possibleOwners(target: Workload, options: OwnerOptions): PossibleOwner[] {
  const { disowned } = options;
  const named = [...engineOf(target, options), ...unitManagerOf(target, options)];
  return [...named.filter(({ via }) => disowned?.(target.path, via) === undefined), RAW];
}

function engineOf(target: Workload, options: OwnerOptions): PossibleOwner[] {
  const { id, kind, path, details } = target;
  const runtime = runtimeOf(target);
  const isContainer = kind === 'container' && id !== undefined;
  if (isContainer && (runtime === 'docker' || runtime === 'podman')) {
    return at(socketOf(runtime, path, options), { via: runtime, subject: id });
  }
  if (isContainer) return at(criOf(id, runtime, path, options), { via: 'cri', subject: id });
  if (runtime !== 'incus' || !details) return [];
  const { name, namespace } = details;
  return at(socketOf('incus', path, options), { via: 'incus', subject: namespace ? `${namespace}/${name}` : name });
}

/** A capsule's manager has a bus of its own, at which nobody is asked: its units are written as files. */
function unitManagerOf({ path }: Workload, options: OwnerOptions): PossibleOwner[] {
  const place = unitAt(path);
  if (place === undefined || place.manager.capsule !== undefined) return [];
  return at(socketOf('systemd', path, options), { via: 'systemd', subject: place.unit });
}

const at = (endpoint: string | undefined, candidate: Omit<PossibleOwner, 'endpoint'>): PossibleOwner[] =>
  endpoint === undefined ? [] : [{ ...candidate, endpoint }];

/** Below a user's manager its own bus and its own engines rule; the manager itself belongs to the system. */
function socketOf(wanted: Runtime, path: string, { sockets, listens = () => true }: OwnerOptions): string | undefined {
  const { uid, capsule } = managerOf(path);
  if (capsule !== undefined) return undefined;
  return sockets.find(
    ({ runtime, state, uid: whose, path: place }) =>
      runtime === wanted && state === 'usable' && whose === uid && listens(place),
  )?.path;
}

/**
 * The socket of the runtime that made the container through the CRI: containerd, of which a machine may have several, is
 * the one with its state; ctr's and nerdctl's containers are in other namespaces of it, which the CRI does not see.
 */
function criOf(
  id: string,
  runtime: Runtime | undefined,
  path: string,
  { sockets }: Pick<OwnerOptions, 'sockets'>,
): string | undefined {
  if (managerOf(path).uid !== undefined) return undefined;
  const usable = sockets.filter(({ state, uid }) => state === 'usable' && uid === undefined);
  const task = `io.containerd.runtime.v2.task/k8s.io/${id}`;
  const containerd = usable.find(
    (entry: RuntimeSocket) =>
      entry.runtime === 'containerd' &&
      [dirname(entry.path), join(dirname(entry.path), 'containerd')].some((folder) => existsSync(join(folder, task))),
  );
  if (containerd) return containerd.path;
  if (runtime !== 'cri-o' && runtime !== 'kubernetes') return undefined;
  return usable.find((entry) => entry.runtime === 'cri-o')?.path;
}
