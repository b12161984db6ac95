/** What `tscg doctor` finds: one check a line, each ok, or what is lost and what to do. */

import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { type Inventory, openInventory } from '../inventory/inventory.ts';
import type { Workload } from '../inventory/workload.ts';
import { type CgroupFiles, openCgroupFiles, textIfThere } from '../kernel/cgroup-files.ts';
import { parentOf } from '../kernel/cgroup-path.ts';
import { parseControllers } from '../kernel/controllers.ts';
import { parseFlatKeyed } from '../kernel/flat-keyed.ts';
import { foreignHand } from '../kernel/foreign-hand.ts';
import { type Hierarchy, NoHierarchyError } from '../kernel/hierarchy.ts';
import { readText } from '../kernel/if-there.ts';
import { loadNative } from '../kernel/native.ts';
import { parseProcCgroup } from '../kernel/proc-cgroup.ts';
import { whyNoController } from '../kernel/proc-cgroups.ts';
import { rightsRemedy } from '../kernel/rights.ts';
import { openWaits } from '../kernel/waits-bpf.ts';
import { stateDirectory } from '../limits/applying/journal.ts';
import { wrongStanding } from '../limits/launch/standing.ts';
import { openFilesLimit } from '../metrics/descriptor-budget.ts';
import type { DoctorCheck } from '../recording/format/moment.ts';
import { type GlobalOptions, openHierarchy, PROC } from './context.ts';
import { hiddenText } from './hidden-text.ts';

/** Controllers that tscg reads or sets. */
const WANTED = ['cpu', 'cpuset', 'memory', 'io', 'pids', 'hugetlb'];

export const doctorChecks = async (global: GlobalOptions): Promise<DoctorCheck[]> => [
  program(),
  addon(),
  ...(await hierarchyChecks(global)),
  pressure(),
  await eBpf(),
  permission(),
  journal(),
];

const program = (): DoctorCheck => ({
  about: 'system',
  state: 'ok',
  finding: `Linux ${release()}, Node ${process.version}`,
});

function addon(): DoctorCheck {
  const { native, reason } = loadNative();
  if (native) return { about: 'addon', state: 'ok', finding: 'the native collector is in use' };
  return {
    about: 'addon',
    state: 'warning',
    finding: `not loaded: ${reason}. The fallback collector is in use: slower, on the drawing thread; no pressure triggers, no pidfd, and a recorder in another pid namespace is not seen`,
    remedy: 'apt-get install g++ make python3, then npm run build:addon',
  };
}

async function hierarchyChecks(global: GlobalOptions): Promise<DoctorCheck[]> {
  let hierarchy: Hierarchy;
  try {
    hierarchy = openHierarchy(global);
  } catch (error) {
    if (!(error instanceof NoHierarchyError)) throw error;
    return [{ about: 'hierarchy', state: 'error', finding: error.message, remedy: error.remedy }];
  }
  const files = openCgroupFiles(hierarchy.mount);
  const inventory = openInventory({
    mount: hierarchy.mount,
    root: hierarchy.root,
    proc: PROC,
    watch: false,
    apis: true,
  });
  try {
    await inventory.refresh();
    const workloads = inventory.workloads();
    return [
      mounted(hierarchy),
      ...names(inventory.hidden()),
      ...standing(hierarchy),
      ...controllers(files, workloads),
      ...dying(files),
      limits(workloads.length),
      ...runtimes(await inventory.runtimes()),
    ];
  } finally {
    inventory.close();
  }
}

function mounted({ mount, mode, options, readOnly, namespaced }: Hierarchy): DoctorCheck {
  const finding = `cgroup2 at ${mount} (${[mode, readOnly && 'read-only', ...options].filter(Boolean).join(', ')})`;
  if (readOnly) {
    return {
      about: 'hierarchy',
      state: 'warning',
      finding,
      remedy: 'limits cannot be set through a read-only mount, as in most containers: run tscg on the host',
    };
  }
  if (namespaced) {
    return {
      about: 'hierarchy',
      state: 'warning',
      finding: `${finding}; it shows cgroups outside this cgroup namespace`,
      remedy: 'paths of /proc/PID/cgroup may not match those below the mount: run tscg on the host',
    };
  }
  return { about: 'hierarchy', state: 'ok', finding };
}

/** Moved out of our own cgroup namespace, as a process can be by who manages the machine. */
function standing({ options }: Hierarchy): DoctorCheck[] {
  const wrong = wrongStanding(options, PROC);
  return wrong ? [{ about: 'namespace', state: 'error', ...wrong }] : [];
}

const names = (hidden: number): DoctorCheck[] =>
  hidden === 0 ? [] : [{ about: 'names', state: 'warning', finding: hiddenText(hidden) }];

/** For each controller: available, and where beneath the root it stops being enabled. */
function controllers(files: CgroupFiles, workloads: readonly Workload[]): DoctorCheck[] {
  const procCgroups = readText(`${PROC}/cgroups`);
  const atRoot = parseControllers(textIfThere(files, '/', 'cgroup.controllers') ?? '');
  const below = workloads
    .filter(({ path, kind }) => path !== '/' && kind !== 'inner')
    .map(({ path }) => ({
      path,
      has: new Set(parseControllers(textIfThere(files, path, 'cgroup.controllers') ?? '')),
    }));
  return WANTED.map((name): DoctorCheck => {
    const about = name;
    if (!atRoot.includes(name)) {
      const { reason, remedy } = whyNoController(name, procCgroups);
      return { about, state: 'warning', finding: reason, remedy };
    }
    const without = below.filter(({ has }) => !has.has(name));
    if (without.length === 0) return { about, state: 'ok', finding: `enabled everywhere (${below.length} cgroups)` };
    const first = without[0]?.path ?? '';
    const parent = parentOf(first);
    return {
      about,
      state: without.length === below.length ? 'warning' : 'note',
      finding: `not enabled in ${without.length} of ${below.length} cgroups, first ${first}`,
      remedy: `where it is missed: systemctl set-property UNIT ${accounting(name)}=yes for units, or echo +${name} > ${join(files.mount, parent, 'cgroup.subtree_control')}`,
    };
  });
}

const accounting = (controller: string): string =>
  ({ cpu: 'CPUAccounting', memory: 'MemoryAccounting', io: 'IOAccounting', pids: 'TasksAccounting' })[controller] ??
  'Delegate';

const MANY_DYING = 2000;

/** Removed cgroups that page cache keeps alive: thousands of them make memory.stat slow. */
function dying(files: CgroupFiles): DoctorCheck[] {
  const count = parseFlatKeyed(textIfThere(files, '/', 'cgroup.stat') ?? '').get('nr_dying_descendants') ?? Number.NaN;
  if (!(count > MANY_DYING)) return [];
  return [
    {
      about: 'dying',
      state: 'warning',
      finding: `${count} removed cgroups are still pinned by memory`,
      remedy: 'sync; echo 3 > /proc/sys/vm/drop_caches frees most of them',
    },
  ];
}

/** Descriptors and watches against what this many cgroups need. */
function limits(cgroups: number): DoctorCheck {
  const descriptors = openFilesLimit(PROC);
  const watches = Number(readText(`${PROC}/sys/fs/inotify/max_user_watches`));
  const finding = `${descriptors} descriptors, ${watches} inotify watches, for ${cgroups} cgroups`;
  if (watches < cgroups * 2)
    return { about: 'limits', state: 'warning', finding, remedy: `sysctl fs.inotify.max_user_watches=${cgroups * 4}` };
  if (descriptors < 1024) return { about: 'limits', state: 'warning', finding, remedy: 'ulimit -n 16384' };
  return { about: 'limits', state: 'ok', finding };
}

function pressure(): DoctorCheck {
  try {
    readFileSync(`${PROC}/pressure/cpu`, 'utf8');
    return { about: 'pressure', state: 'ok', finding: 'PSI is on' };
  } catch {
    return {
      about: 'pressure',
      state: 'warning',
      finding: 'PSI is off: the pressure columns stay empty',
      remedy: 'boot with psi=1',
    };
  }
}

/** By loading the programs: the kernel may refuse what seems to be all there. */
async function eBpf(): Promise<DoctorCheck> {
  const { waits, reason } = await openWaits();
  waits?.close();
  return waits
    ? { about: 'eBPF', state: 'ok', finding: 'tscg why measures in the kernel who waits behind whom' }
    : { about: 'eBPF', state: 'note', finding: `tscg why goes by kernel files alone: ${reason}` };
}

function permission(): DoctorCheck {
  if (process.getuid?.() === 0) return { about: 'permission', state: 'ok', finding: 'root' };
  const own = parseProcCgroup(readText(`${PROC}/self/cgroup`)) ?? '/';
  return {
    about: 'permission',
    state: 'note',
    finding: `uid ${process.getuid?.()}, in ${own}: limits can be set only in cgroups delegated to you; other users' processes and networks are not visible`,
    remedy: rightsRemedy(
      'for your own services: systemctl edit user@.service, add [Service] Delegate=cpu cpuset io memory pids',
    ),
  };
}

/** Every runtime of this machine, with what its API answers. */
function runtimes(statuses: Awaited<ReturnType<Inventory['runtimes']>>): DoctorCheck[] {
  const present = statuses.filter(({ state }) => state !== 'absent');
  if (present.length === 0) {
    return [
      {
        about: 'runtimes',
        state: 'note',
        finding: 'no container runtime answers: names come from cgroup paths and from files on disk',
      },
    ];
  }
  return present.map(({ runtime, endpoint, state, detail, remedy }) => ({
    about: runtime,
    state: state === 'ok' ? 'ok' : 'warning',
    finding: detail.includes(endpoint) ? detail : `${detail} at ${endpoint}`,
    ...(remedy ? { remedy } : {}),
  }));
}

function journal(): DoctorCheck {
  const directory = stateDirectory();
  const hand = foreignHand(directory);
  if (hand) {
    return {
      about: 'journal',
      state: 'error',
      finding: `${hand.path} ${hand.how}: no change can be made, for whoever can change the journal decides what undo writes`,
      remedy: 'set TSCG_STATE_DIR to a folder that you alone may write',
    };
  }
  let existing = directory;
  while (!existsSync(existing)) existing = join(existing, '..');
  try {
    accessSync(existing, constants.W_OK);
    return { about: 'journal', state: 'ok', finding: directory };
  } catch {
    return {
      about: 'journal',
      state: 'error',
      finding: `${directory} cannot be written: no change can be made`,
      remedy: 'set TSCG_STATE_DIR to a folder that you alone may write',
    };
  }
}
