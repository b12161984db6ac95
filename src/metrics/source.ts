/**
 * The live source: joins the inventory and the sampler into one Frame a call. Screen, text, JSON and exporter all take
 * Frames, and a recording gives Frames too.
 */

import { type Inventory, openInventory } from '../inventory/inventory.ts';
import type { Workload } from '../inventory/workload.ts';
import { giveBackFreedMemory } from '../kernel/freed-memory.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import { createStackedDevices } from '../kernel/io-devices.ts';
import { readMachine } from '../kernel/machine.ts';
import { openCollector } from '../kernel/open-collector.ts';
import { createReadFiles } from '../kernel/read-files.ts';
import { descriptorBudget, type KeptDescriptors, watchBudget } from './descriptor-budget.ts';
import { CGROUP_FILES, type TieredFile } from './files.ts';
import { createHostReader, type HostUsage, hostUsage } from './host.ts';
import { openLimitWatch } from './limit-watch.ts';
import { madeFrom } from './made-from.ts';
import { createNetworkReader } from './network.ts';
import { createSampler } from './sampler.ts';
import type { TickRequest } from './sampling-plan.ts';
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
export interface FrameCost extends KeptDescriptors {
  readonly milliseconds: number;
  /** Interface files read. */
  readonly reads: number;
  /** Cgroups that the file system's events did not announce and a walk found. */
  readonly missed: number;
}

/** What is shown of a Frame. It need not have more. */
export interface FrameDemand extends Pick<TickRequest, 'visible' | 'exact' | 'network'> {
  /** Metrics of every row. */
  readonly metrics?: ReadonlySet<string>;
}

/** Where Frames come from: this machine as it runs, a recording of one, or a store with figures of many. */
export interface Source {
  /** Frames are of now: they come whether anybody waits for them or not. */
  readonly isLive: boolean;
  /** Takes the next Frame; without a demand all is read. A recording gives its last one again at its end. */
  next(demand?: FrameDemand): Promise<Frame>;
  /** Frames that can be shown again; absent where none are kept. */
  readonly past?: Past;
  /** Calls back when cgroups may have come or gone, so that a Frame may be taken early. */
  onChange(listener: () => void): void;
  close(): void;
}

/** Frames of another time. A recording goes on from the one that it gave last; what is live goes on with now. */
export interface Past {
  /** The Frame so many after that one (before it, where negative), as far as there are any. */
  step(from: Frame, by: number): Promise<Frame>;
  /** The last Frame taken at or before that time, else the first. `time`: milliseconds since the epoch. */
  seek(time: number): Promise<Frame>;
  /** The next Frame in which such a thing happened, where that is known. */
  find?(from: Frame, mark: PastMark): Promise<Frame | undefined>;
  /** So many Frames before that one, the oldest first: charts are filled from them. A recording alone has it. */
  before?(frame: Frame, count: number): readonly Frame[];
}

/** What a recording is searched for. */
export type PastMark = 'event' | 'oom' | 'finding';

/** Names and devices, which may change without an event, are looked at again after so long. */
const LOOK_AGAIN_MS = 10_000;
/** The tree is walked at least so often. The kernel's count of descendants tells of a lost event, unless as many came as went. */
const WALK_MS = 60_000;

export interface LiveOptions {
  readonly hierarchy: Hierarchy;
  readonly proc?: string;
  readonly sys?: string;
  /** Whether to follow the file system's events between Frames, which a command that ends at once does not need. */
  readonly watch: boolean;
}

/** With the mount option memory_localevents the events of a cgroup are not counted in those above it. */
const filesOf = ({ options }: Hierarchy): readonly TieredFile[] =>
  options.includes('memory_localevents')
    ? CGROUP_FILES.map(({ vouching, ...spec }) =>
        spec.file === 'memory.events' || !vouching ? spec : { ...spec, vouching },
      )
    : CGROUP_FILES;

export function openLiveSource({ hierarchy, proc = '/proc', sys = '/sys', watch }: LiveOptions): Source {
  const { mount, root } = hierarchy;
  const readFiles = createReadFiles();
  const inventory: Inventory = openInventory({ mount, root, proc, watch, apis: true });
  const stackedDevices = createStackedDevices(sys);
  const collector = openCollector({
    mount,
    files: CGROUP_FILES,
    ...descriptorBudget(proc),
    watches: watchBudget(proc),
    skipDevices: stackedDevices(),
  });
  const { cpus, pageSize, isTickless } = readMachine(proc, sys);
  const host = createHostReader({ proc, mount, pageSize });
  const sampler = createSampler({
    collector,
    host,
    network: createNetworkReader({ mount, root, proc, readFiles }),
    files: filesOf(hierarchy),
    cpus,
    ...(!isTickless && { uncharged: host.uncharged }),
  });
  const limitWatch = watch ? openLimitWatch(mount) : undefined;
  const keepFreed = watch ? giveBackFreedMemory() : undefined;
  let before: Usage | undefined;
  let stale = true;
  /** Milliseconds at which names and devices were looked at last. */
  let looked = performance.now();
  /** Milliseconds at which the tree was walked last. */
  let walked = Number.NEGATIVE_INFINITY;

  const lastVisible = madeFrom<readonly Workload[]>();
  const workloadsOf = (inodes: ReadonlySet<number>, among: readonly Workload[]): readonly Workload[] =>
    lastVisible([inodes, among], () => [...inodes].flatMap((inode) => inventory.byInode(inode) ?? []));

  return {
    isLive: true,
    async next(demand = {}) {
      const { visible } = demand;
      const started = performance.now();
      const isDue = started - looked >= LOOK_AGAIN_MS;
      if (isDue) {
        looked = started;
        // The bytes of a volume that was made since would count twice, as those of the disk below it do already.
        collector.skip(stackedDevices());
      }
      if (stale || inventory.hinted() || started - walked >= WALK_MS) {
        walked = started;
        await inventory.refresh();
      } else if (isDue) inventory.askAgain();
      else inventory.askUnnamed();
      const rows = inventory.workloads();
      if (visible) limitWatch?.follow(workloadsOf(visible, rows));
      const touched = limitWatch?.take();
      const tick = await sampler.tick({
        rows,
        ...demand,
        ...(touched ? { touched } : {}),
      });
      const { snapshot } = tick;
      // Events may be lost. The kernel's count of descendants is exact, and costs one read.
      stale = tick.vanished.length > 0 || !inventory.isComplete(tick.descendants);
      const usage = usageOf(before?.snapshot, snapshot, before);
      const rates = hostUsage(before?.snapshot.host, snapshot.host);
      before = usage;
      const isWhole = snapshot.rows.length === rows.length;
      const living = isWhole ? undefined : new Set(snapshot.rows.map(({ inode }) => inode));
      const descriptors = collector.descriptors();
      return {
        usage,
        host: rates,
        hidden: inventory.hidden(),
        workloads: living ? rows.filter(({ inode }) => living.has(inode)) : rows,
        cost: {
          milliseconds: performance.now() - started,
          reads: tick.reads,
          descriptors: descriptors.files + descriptors.directories,
          openFiles: descriptors.files,
          missed: inventory.missed(),
        },
      };
    },
    onChange: (listener) => inventory.onChange(listener),
    close() {
      keepFreed?.();
      limitWatch?.close();
      inventory.close();
      host.close();
      collector.close();
    },
  };
}
