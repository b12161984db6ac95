/** The backend of a write, from what the Plan, or the journal, says of it. */
import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import type { Write } from '../plan.ts';
import { cgroupfsOwner } from './cgroupfs.ts';
import { dockerOwner } from './docker.ts';
import type { Owner } from './owner.ts';
import { podmanOwner } from './podman.ts';
import { systemdOwner } from './systemd.ts';

export function openOwner({ via, endpoint }: Pick<Write, 'via' | 'endpoint'>, files: CgroupFiles): Owner {
  switch (via) {
    case 'cgroupfs':
      return cgroupfsOwner(files);
    case 'systemd':
      return systemdOwner(endpoint);
    case 'docker':
      return dockerOwner(endpoint);
    case 'podman':
      return podmanOwner(endpoint);
  }
}
