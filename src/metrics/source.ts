/**
 * The live source: inventory and sampler joined, one Frame a call. Screen, text, JSON and exporter all take Frames; a
 * recording gives the same.
 */

import { type Inventory, openInventory } from '../inventory/inventory.ts';
import type { Workload } from '../inventory/workload.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import { createStackedDevices } from '../kernel/io-devices.ts';
import { openCollector } from '../kernel/open-collector.ts';
import { createReadFiles } from '../kernel/read-files.ts';
import { CGROUP_FILES } from './files.ts';
import { createHostReader, type HostUsage, hostUsage } from './host.ts';
import { openLimitWatch } from './limit-watch.ts';
import { createNetworkReader } from './network.ts';
import { createSampler, type TickRequest } from './sampler.ts';
import type { Snapshot } from './snapshot.ts';
import { type Usage, usageOf } from './usage.ts';

export interface Frame {
  readonly usage: Usage;
  readonly host: HostUsage;
  /** What each row of `usage.snapshot.rows` is. The array of the Frame before where nothing changed. */
  readonly workloads: readonly Workload[];
  /** Cgroups that are left out because their paths are no UTF-8; none if absent. */
  readonly hidden?: number;
  readonly cost: FrameCost;
}

/** What taking this Frame cost. */
export interface FrameCost {
  readonly milliseconds: number;
  /** Interface files read. */
  readonly reads: number;
  readonly descriptors: number;
  /** Cgroups that the file system's events did not announce and a walk found. */
  readonly missed: number;
}

export interface Source {
  /** Takes the next Frame; without a demand all is read. */
  next(demand?: Pick<TickRequest, 'visible' | 'network'>): Promise<Frame>;
  /** Calls back when cgroups may have come or gone, so that a Frame may be taken early. */
  onChange(listener: () => void): void;
  close(): void;
}

/** Descriptors that the collector may keep; RLIMIT_NOFILE, which Node raises to its hard limit, is above it. */
const DESCRIPTOR_BUDGET = 16_384;

const REFRESH_FRAMES = 10;

export interface LiveOptions {
  readonly hierarchy: Hierarchy;
  readonly proc?: string;
  readonly sys?: string;
  /** Follow the file system's events between Frames; not for a command that ends at once. */
  readonly watch: boolean;
}

export function openLiveSource({ hierarchy, proc = '/proc', sys = '/sys', watch }: LiveOptions): Source {
  const { mount, root } = hierarchy;
  const readFiles = createReadFiles();
  const inventory: Inventory = openInventory({ mount, root, proc, watch, apis: true });
  const stackedDevices = createStackedDevices(sys);
  let stacked = stackedDevices();
  const collector = openCollector({
    mount,
    files: CGROUP_FILES,
    budget: DESCRIPTOR_BUDGET,
    skipDevices: stacked,
  });
  const sampler = createSampler({
    collector,
    host: createHostReader({ proc, mount, readFiles }),
    network: createNetworkReader({ mount, root, proc, readFiles }),
  });
  const limitWatch = watch ? openLimitWatch(mount) : undefined;
  let before: Snapshot | undefined;
  let stale = true;
  let frames = 0;

  /** A volume that was made meanwhile would be counted beside the disk below it. */
  function followDevices(): void {
    const now = stackedDevices();
    if (now !== stacked) collector.skip(now);
    stacked = now;
  }

  return {
    async next(demand = {}) {
      const { visible } = demand;
      const started = performance.now();
      const isDue = frames++ % REFRESH_FRAMES === 0;
      if (isDue) followDevices();
      // Now and then all the same: names change, and a file that holds one may come late.
      if (stale || inventory.hinted() || isDue) await inventory.refresh();
      else inventory.askStrangers();
      const rows = inventory.workloads();
      if (visible) limitWatch?.follow(rows.filter(({ inode }) => visible.has(inode)));
      const touched = limitWatch?.take();
      const tick = await sampler.tick({
        rows,
        ...demand,
        ...(touched ? { touched } : {}),
      });
      const { snapshot } = tick;
      // Events are a hint; the kernel's own count of descendants is the truth, and costs one read.
      stale = tick.vanished.length > 0 || !inventory.isComplete(tick.descendants);
      const usage = usageOf(before, snapshot);
      const host = hostUsage(before?.host, snapshot.host);
      before = snapshot;
      const isWhole = snapshot.rows.length === rows.length;
      const living = isWhole ? undefined : new Set(snapshot.rows.map(({ inode }) => inode));
      return {
        usage,
        host,
        hidden: inventory.hidden(),
        workloads: living ? rows.filter(({ inode }) => living.has(inode)) : rows,
        cost: {
          milliseconds: performance.now() - started,
          reads: tick.reads,
          descriptors: collector.descriptors(),
          missed: inventory.missed(),
        },
      };
    },
    onChange: (listener) => inventory.onChange(listener),
    close() {
      limitWatch?.close();
      inventory.close();
      collector.close();
    },
  };
}
