/** Where runtimes listen: for finding their APIs, and for `tscg doctor`. */
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Runtime } from './workload.ts';

export interface RuntimeSocket {
  readonly runtime: Runtime;
  readonly path: string;
  readonly state: 'usable' | 'not permitted';
}

/** Absolute paths for root's engines, relative ones beneath $XDG_RUNTIME_DIR for a user's. */
const SOCKETS: readonly { runtime: Runtime; paths: readonly string[] }[] = [
  { runtime: 'docker', paths: ['/run/docker.sock', 'docker.sock'] },
  { runtime: 'podman', paths: ['/run/podman/podman.sock', 'podman/podman.sock'] },
  {
    runtime: 'containerd',
    paths: [
      '/run/containerd/containerd.sock',
      '/run/k3s/containerd/containerd.sock',
      '/var/snap/microk8s/common/run/containerd.sock',
      'containerd/containerd.sock',
    ],
  },
  { runtime: 'cri-o', paths: ['/run/crio/crio.sock'] },
  { runtime: 'incus', paths: ['/var/lib/incus/unix.socket', '/run/incus/unix.socket'] },
  { runtime: 'libvirt', paths: ['/run/libvirt/libvirt-sock'] },
  { runtime: 'systemd', paths: ['/run/dbus/system_bus_socket', 'bus'] },
];

/** Sockets that exist, in the order of the table. */
export function findSockets(root = '/', runtimeDirectory = process.env.XDG_RUNTIME_DIR): RuntimeSocket[] {
  return SOCKETS.flatMap(({ runtime, paths }) =>
    paths.flatMap((path): RuntimeSocket[] => {
      const absolute = path.startsWith('/') ? join(root, path) : runtimeDirectory && join(runtimeDirectory, path);
      if (!absolute || !existsSync(absolute)) return [];
      return [{ runtime, path: absolute, state: mayUse(absolute) ? 'usable' : 'not permitted' }];
    }),
  );
}

function mayUse(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
