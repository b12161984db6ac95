/** The backend of a write, from what the Plan, or the journal, says of it. */

import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import type { Write } from '../model.ts';
import { cgroupfsOwner } from './cgroupfs.ts';
import { criOwner } from './cri.ts';
import { dockerOwner } from './docker.ts';
import { engineFreezer, systemdFreezer, withFreezer } from './freezer.ts';
import { incusOwner } from './incus.ts';
import type { Owner } from './owner.ts';
import { PODMAN_PREFIX, podmanOwner } from './podman.ts';
import { systemdOwner } from './systemd.ts';

/** What the owner calls the value that is written; undefined for the file itself. */
export const propertyOf = (write: Write, files: CgroupFiles): string | undefined =>
  write.via === 'cgroupfs' ? undefined : openOwner(write, files).describe(write.file, write.after);

export function openOwner({ via, endpoint }: Pick<Write, 'via' | 'endpoint'>, files: CgroupFiles): Owner {
  switch (via) {
    case 'cgroupfs':
      return cgroupfsOwner(files);
    case 'systemd':
      return withFreezer(systemdOwner(endpoint, files), systemdFreezer(endpoint));
    case 'docker':
      return withFreezer(dockerOwner(endpoint, files), engineFreezer(endpoint, ''));
    case 'podman':
      return withFreezer(podmanOwner(endpoint, files), engineFreezer(endpoint, PODMAN_PREFIX));
    case 'cri':
      return criOwner(endpoint, files);
    case 'incus':
      return incusOwner(endpoint, files);
  }
}
