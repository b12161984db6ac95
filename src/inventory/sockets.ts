/** Where runtimes listen: for finding their APIs, and for `tscg doctor`. */

import { accessSync, constants, existsSync, lstatSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { namesIn } from '../kernel/if-there.ts';
import type { Runtime } from './workload.ts';

export interface RuntimeSocket {
  readonly runtime: Runtime;
  readonly path: string;
  readonly state: 'usable' | 'not permitted';
  /** Whose runtime it is, where it is not the system's. */
  readonly uid?: number;
}

/** Absolute paths for root's engines, relative ones beneath /run/user/UID for a user's. */
const SOCKETS: readonly { runtime: Runtime; paths: readonly string[] }[] = [
  { runtime: 'docker', paths: ['/run/docker.sock', '/run/snap.docker/docker.sock', 'docker.sock'] },
  { runtime: 'podman', paths: ['/run/podman/podman.sock', 'podman/podman.sock'] },
  {
    runtime: 'containerd',
    paths: [
      '/run/containerd/containerd.sock',
      '/run/k3s/containerd/containerd.sock',
      '/run/k0s/containerd.sock',
      '/var/snap/microk8s/common/run/containerd.sock',
      'containerd/containerd.sock',
    ],
  },
  { runtime: 'cri-o', paths: ['/run/crio/crio.sock'] },
  {
    runtime: 'incus',
    paths: [
      '/var/lib/incus/unix.socket',
      '/run/incus/unix.socket',
      '/var/snap/lxd/common/lxd/unix.socket',
      '/var/lib/lxd/unix.socket',
    ],
  },
  { runtime: 'libvirt', paths: ['/run/libvirt/libvirt-sock'] },
  { runtime: 'systemd', paths: ['/run/dbus/system_bus_socket', 'bus'] },
];

/**
 * Sockets that exist, in the order of the table. `runtimeDirectory`: this user's own; every other user's beneath
 * /run/user is looked at too, which only root may enter.
 */
export function findSockets(root = '/', runtimeDirectory = process.env.XDG_RUNTIME_DIR): RuntimeSocket[] {
  const users = userDirectories(root, runtimeDirectory);
  const seen = new Set<string>();
  return SOCKETS.flatMap(({ runtime, paths }) =>
    paths.flatMap((path): RuntimeSocket[] => {
      const places: readonly Place[] = path.startsWith('/')
        ? [{ path: join(root, path) }]
        : users.map(({ folder, uid }) => ({ path: join(folder, path), uid }));
      return places.flatMap(({ path: place, uid }): RuntimeSocket[] => {
        if (!isSocketOf(place, uid)) return [];
        /** /run/docker.sock may be a link to podman's, and one engine have two paths. */
        const real = realPath(place);
        const key = `${runtime} ${real}`;
        if (seen.has(key) || (runtime === 'docker' && real.endsWith('/podman.sock'))) return [];
        seen.add(key);
        return [
          {
            runtime,
            path: place,
            state: mayUse(place) ? 'usable' : 'not permitted',
            ...(uid !== undefined && { uid }),
          },
        ];
      });
    }),
  );
}

interface Place {
  readonly path: string;
  readonly uid?: number;
}

function userDirectories(root: string, own: string | undefined): readonly { folder: string; uid: number }[] {
  const found = new Map<string, number>();
  const uid = process.getuid?.() ?? 0;
  /** Root's own engines are the system's, but root too has a user manager. */
  if (own) found.set(own, uid);
  for (const name of namesIn(join(root, 'run/user'))) {
    const folder = join(root, 'run/user', name);
    if (/^\d+$/.test(name) && !found.has(folder)) found.set(folder, Number(name));
  }
  return [...found].map(([folder, owner]) => ({ folder, uid: owner }));
}

/** Another user's must be what it seems: a link there could lead to the system's socket, or to anything. */
function isSocketOf(path: string, uid: number | undefined): boolean {
  if (uid === undefined || uid === process.getuid?.()) return existsSync(path);
  try {
    const status = lstatSync(path);
    return status.isSocket() && status.uid === uid;
  } catch {
    return false;
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function mayUse(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
