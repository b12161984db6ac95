/** The Collector of the addon. This side gives cgroups their ids and runs one pass after the other. */

import type { Collector, CollectorOptions, CollectRequest, Columns, Descriptors } from './collector.ts';
import type { Native } from './native.ts';

export function createNativeCollector(native: Native, options: CollectorOptions): Collector {
  const { mount, files, budget, fileBudget = budget, watches, skipDevices } = options;
  const collector = native.createCollector(mount, files, budget, fileBudget, watches, skipDevices);
  let added: { id: number; path: string }[] = [];
  let removed: number[] = [];
  let skip: readonly string[] | undefined;
  let nextId = 1;
  let closed = false;
  /** After the last pass: the mount alone before the first. */
  let descriptors: Descriptors = { files: 0, directories: 1 };
  let last: Promise<unknown> = Promise.resolve();

  async function pass({ ids, masks, sameTick = false }: CollectRequest): Promise<Columns> {
    if (closed) throw new Error('the collector is closed');
    if (ids.length !== masks.length) throw new RangeError('ids and masks differ in length');
    const changes = { added, removed, skip };
    added = [];
    removed = [];
    skip = undefined;
    const columns = await collector.collect(changes.added, changes.removed, ids, masks, sameTick, changes.skip);
    descriptors = { files: columns.openFiles, directories: columns.openDirectories };
    const { filePlaces, columnPlaces, values, errors, times, states, inodes, watched, told, reads } = columns;
    // One literal: V8 forgets the shape of an object that is spread together, and then the code that was compiled for it.
    return { rows: ids.length, filePlaces, columnPlaces, values, errors, times, states, inodes, watched, told, reads };
  }

  return {
    kind: 'native',
    add(path) {
      const id = nextId++;
      added.push({ id, path });
      return id;
    },
    remove(id) {
      // One that was added since the last pass is unknown to the addon.
      const waiting = added.findIndex((entry) => entry.id === id);
      if (waiting >= 0) added.splice(waiting, 1);
      else removed.push(id);
    },
    skip(devices) {
      skip = devices;
    },
    collect(request) {
      const result = last.then(() => pass(request));
      last = result.catch(() => {});
      return result;
    },
    descriptors: () => (closed ? { files: 0, directories: 0 } : descriptors),
    close() {
      closed = true;
      collector.close();
    },
  };
}
