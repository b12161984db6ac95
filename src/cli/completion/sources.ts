/** Live values for completion: one walk and the runtimes' files, no API and no second sample. */
import { openInventory } from '../../inventory/inventory.ts';
import type { Workload } from '../../inventory/workload.ts';
import { clean } from '../../kernel/clean.ts';
import { openHierarchy, PROC } from '../context.ts';
import type { Candidate, Sources } from './candidates.ts';

/** A shell with more than that to choose from is of no help. */
const MOST = 1000;

export const liveSources: Sources = {
  names: async (prefix, mount) => {
    const inventory = openInventory({
      ...openHierarchy(mount === undefined ? {} : { mount }),
      proc: PROC,
      watch: false,
    });
    try {
      await inventory.refresh();
      return nameCandidates(inventory.workloads(), prefix);
    } finally {
      inventory.close();
    }
  },
  metrics: async () => {
    const { METRICS } = await import('../../metrics/catalogue.ts');
    return METRICS.map(({ id, help }) => ({ value: id, help }));
  },
  changes: async () => {
    const { openJournal, stateDirectory } = await import('../../limits/journal.ts');
    const { changes } = openJournal(stateDirectory()).read();
    return changes
      .toReversed()
      .slice(0, MOST)
      .map(({ id, command }) => ({ value: id, help: clean(command.join(' ')) }));
  },
  owners: async () => {
    const { OWNER_NAMES } = await import('../../limits/owners/owner.ts');
    return ['auto', ...OWNER_NAMES].map((value) => ({ value, help: '' }));
  },
};

/** Names; paths where a slash was typed. Of the inside of containers and their helpers only the paths. */
export function nameCandidates(workloads: readonly Workload[], prefix: string): Candidate[] {
  const isPath = prefix.startsWith('/');
  const byValue = new Map<string, string>();
  for (const { name, path, kind, runtime } of workloads) {
    const value = isPath ? path : name;
    const isHidden = !isPath && (kind === 'root' || kind === 'inner' || kind === 'monitor');
    if (isHidden || value === '' || clean(value) !== value || !value.startsWith(prefix)) continue;
    const help = [runtime, kind].filter(Boolean).join(' ');
    byValue.set(value, byValue.has(value) ? 'several: give the path' : help);
    if (byValue.size >= MOST) break;
  }
  return [...byValue].map(([value, help]) => ({ value, help }));
}
