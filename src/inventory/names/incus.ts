/**
 * Incus and LXD: a link or folder for each instance, `containers/NAME`, or `containers/PROJECT_NAME` outside the default
 * project; its cgroup is `lxc.payload.` and that.
 */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Places } from './places.ts';
import type { NameSource } from './source.ts';

const FOLDERS = ['var/lib/incus', 'var/snap/lxd/common/lxd', 'var/lib/lxd'];

export function createIncusFiles({ root }: Places): NameSource {
  return {
    name: 'Incus files',
    matches: ({ kind, runtime }) => kind === 'machine' && runtime === 'lxc',
    async lookup({ name: id }) {
      // Names of projects may hold `_`, those of instances not.
      const [, project, name] = /^(?:(.+)_)?([A-Za-z][A-Za-z0-9-]{0,62})$/.exec(id ?? '') ?? [];
      if (id === undefined || name === undefined || id.includes('/')) return undefined;
      for (const folder of FOLDERS) {
        if (!(await exists(join(root, folder, 'containers', id)))) continue;
        return { name, details: { runtime: 'incus', id, name, ...(project !== undefined && { namespace: project }) } };
      }
      return undefined;
    },
  };
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
