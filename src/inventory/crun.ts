/**
 * crun keeps the processes of podman's and CRI-O's containers in a cgroup `container` below the container's own, and some
 * versions set the limits there and leave the container's own at `max`: what binds the container is then one level below.
 */

import type { Identity } from './workload.ts';

/** Where crun may have put the limits of a container; undefined for what it does not make. */
export const crunInner = (path: string, { kind, runtime }: Identity): string | undefined =>
  kind === 'container' && (runtime === 'podman' || runtime === 'cri-o') ? `${path}/container` : undefined;
