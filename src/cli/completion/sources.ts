/** Live values for completion: one walk and the runtimes' files, no API and no second sample. */

import { openInventory } from '../../inventory/inventory.ts';
import type { Workload } from '../../inventory/workload.ts';
import { namesIn, readText } from '../../kernel/if-there.ts';
import { cut } from '../../text/cells.ts';
import { clean } from '../../text/clean.ts';
import { openHierarchy, PROC } from '../context.ts';
import type { Candidate, Sources } from './candidates.ts';

/** A shell with more than that to choose from is of no help. */
const MOST = 1000;
/** Cells. */
const LONGEST_HELP = 60;

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
    const { ROW_FIELDS } = await import('../../diagnosis/fields.ts');
    return ROW_FIELDS.map(({ id, help }) => ({ value: id, help }));
  },
  changes: async () => {
    const { openJournal, stateDirectory } = await import('../../limits/applying/journal.ts');
    const { changesToUndo, commandText } = await import('../../limits/applying/undo.ts');
    return changesToUndo(openJournal(stateDirectory()).read().changes)
      .slice(0, MOST)
      .map((change) => ({ value: change.id, help: clean(commandText(change)) }));
  },
  owners: async () => {
    const { OWNER_NAMES } = await import('../../limits/model.ts');
    return plain(['auto', ...OWNER_NAMES]);
  },
  signals: async () => plain((await import('../../limits/actions/kill.ts')).SIGNAL_NAMES),
  properties: async () => plain((await import('../../limits/catalogue/properties.ts')).PROPERTY_NAMES),
  devices: async () => plain((await import('../../limits/catalogue/devices.ts')).blockDevices()),
  controllers: async () => {
    const { LIMITS } = await import('../../limits/catalogue/catalogue.ts');
    return plain([...new Set(LIMITS.map(({ controller }) => controller))]);
  },
  processes: async () =>
    namesIn(PROC).flatMap((pid) => {
      const command = /^\d+$/.test(pid) ? commandLine(pid) : '';
      return command === '' ? [] : [{ value: `pid:${pid}`, help: command }];
    }),
  programs: async (prefix) => {
    const found = (process.env.PATH ?? '').split(':').flatMap(namesIn);
    return plain([...new Set(found)].filter((name) => name.startsWith(prefix) && clean(name) === name).slice(0, MOST));
  },
};

const plain = (values: readonly string[]): Candidate[] => values.map((value) => ({ value, help: '' }));

/** Empty for one of the kernel's, which stays where it is, and for one that has ended. */
const commandLine = (pid: string): string =>
  cut(clean(readText(`${PROC}/${pid}/cmdline`).replaceAll('\0', ' ')).trim(), LONGEST_HELP);

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
