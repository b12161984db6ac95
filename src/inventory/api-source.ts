/** The runtimes' APIs as a source of names: what they know beats what the disk tells. */

import type { NameSource } from './names/source.ts';
import { LONG_PATIENCE_MS, PATIENCE_MS } from './names.ts';
import { known } from './runtimes/details.ts';
import type { RuntimeStatus } from './runtimes/endpoint.ts';
import { openRuntimes, type Runtimes } from './runtimes/runtimes.ts';
import { unitAt } from './units.ts';
import type { Identity, WorkloadDetails } from './workload.ts';

export interface ApiSource {
  readonly source: NameSource;
  /** Asks every runtime and tells how each is. */
  ask(): Promise<readonly RuntimeStatus[]>;
  close(): void;
}

/** The runtimes have less time than the whole lookup, so that one that hangs does not hide the names of the others. */
const SHARE_OF_PATIENCE = 0.7;

/** `watch`: follow the runtimes' events. Without, they are asked once, when the first name is wanted. */
export function openApiSource({ watch }: { readonly watch: boolean }): ApiSource {
  const listeners = new Set<(id: string) => void>();
  const runtimes = openRuntimes({
    watch,
    timeoutMs: SHARE_OF_PATIENCE * (watch ? PATIENCE_MS : LONG_PATIENCE_MS),
    onChange: (id) => {
      for (const listener of listeners) listener(id);
    },
  });
  let asked: Promise<void> | undefined;
  return {
    source: {
      name: 'runtime APIs',
      matches: ({ id, name }) => id !== undefined || name !== undefined,
      lookup: async (identity, path) => {
        if (!watch) {
          asked ??= runtimes.refresh();
          await asked;
        }
        const details = detailsOf(identity, path, runtimes);
        if (!details) return undefined;
        const { name, image, pod, namespace, labels, initPid } = details;
        return known({ name, details, image, pod, namespace, labels, initPid });
      },
      events: (onChange) => {
        listeners.add(onChange);
        return () => listeners.delete(onChange);
      },
    },
    ask: async () => {
      await runtimes.refresh();
      return runtimes.statuses();
    },
    close: runtimes.close,
  };
}

/** A unit's details come from its own manager alone: other managers may have units of the same name. */
function detailsOf(identity: Identity, path: string, runtimes: Runtimes): WorkloadDetails | undefined {
  const { kind, id, name = '', uid } = identity;
  if (kind === 'unit') {
    const { manager } = unitAt(path) ?? {};
    return manager && manager.capsule === undefined ? runtimes.unit(name, manager.uid) : undefined;
  }
  const details = runtimes.details((kind === 'machine' ? name : undefined) ?? id ?? name, uid);
  // Of a cgroup in a user's slice, the system's engines are believed only where they tell the first process, which is checked.
  const isOwn = details?.uid === uid;
  return isOwn || details?.initPid !== undefined ? details : undefined;
}
