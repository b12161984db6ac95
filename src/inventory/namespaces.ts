/** Every namespace on the machine that may be seen, and which cgroups have processes in it. */

import { existsSync, readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { parseProcs } from '../kernel/cgroup-procs.ts';
import { type IdRange, parseIdMap } from '../kernel/id-map.ts';
import { parseMountinfo } from '../kernel/mountinfo.ts';
import {
  INITIAL_NAMESPACES,
  NAMESPACE_KINDS,
  type NamespaceKind,
  type NamespaceLink,
  parseNamespaceLink,
} from '../kernel/namespace-link.ts';
import { parsePidStatus } from '../kernel/proc-pid.ts';
import { createReadFiles } from '../kernel/read-files.ts';
import {
  createReadNamespaceInfo,
  createReadNamespaceInodes,
  type ReadNamespaceInodes,
} from '../kernel/read-namespaces.ts';
import { textOrder } from '../text/text-order.ts';
import { commandOf } from './process-facts.ts';
import { createWalk } from './walk.ts';

export interface Namespace {
  readonly kind: NamespaceKind;
  readonly inode: number;
  /** It is the host's: pid 1 is in it, or it is the kernel's first. Undefined where neither may be seen. */
  readonly isHost: boolean | undefined;
  /** Processes in it that may be read; 0 for one that only a mount or a namespace below it keeps. */
  readonly processes: number;
  /** The one with the lowest pid. */
  readonly first?: FirstProcess;
  /** Its processes by the path of their cgroup; those whose cgroup is not known (zombies) are not among them. */
  readonly cgroups: ReadonlyMap<string, number>;
  /** Inode of the user namespace that owns it; undefined where that may not be seen. */
  readonly owner?: number;
  /** Inode of the one around it, for pid and user namespaces; undefined at the top of what may be seen. */
  readonly parent?: number;
  /** Uid of the user who made it, for user namespaces. */
  readonly ownerUid?: number;
  /** The id maps of a user namespace. */
  readonly uidMap?: readonly IdRange[];
  readonly gidMap?: readonly IdRange[];
  /** Where it is mounted (`/run/netns/blue`), and so outlives its processes. */
  readonly mountPoints: readonly string[];
}

export interface FirstProcess {
  readonly pid: number;
  /** Effective uid. */
  readonly uid: number;
  /** Cleaned. */
  readonly command: string;
}

/** Processes of a cgroup whose namespaces are not known. */
export interface Unseen {
  /** Another user's, which only root (CAP_SYS_PTRACE) may look into. */
  readonly denied: number;
  /** Outside of our PID namespace. */
  readonly foreign: number;
}

export interface NamespaceScan {
  /** By kind, then by inode. */
  readonly namespaces: readonly Namespace[];
  /** By the path of the cgroup; '' for processes whose cgroup is not known. */
  readonly unseen: ReadonlyMap<string, Unseen>;
  /** Kinds that this kernel lacks. */
  readonly missing: ReadonlySet<NamespaceKind>;
  /** Owners and parents are known: the addon can ask for them. */
  readonly hasOwners: boolean;
}

export type ScanNamespaces = () => Promise<NamespaceScan>;

export interface NamespaceScannerOptions {
  readonly proc: string;
  readonly mount: string;
  readonly readInodes?: ReadNamespaceInodes;
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function createNamespaceScanner({
  proc,
  mount,
  readInodes = createReadNamespaceInodes(),
}: NamespaceScannerOptions): ScanNamespaces {
  const readFiles = createReadFiles();
  const readInfo = createReadNamespaceInfo();
  const walk = createWalk();
  const kernelHas = new Set(readdirSync(join(proc, 'self/ns')));
  const missing = new Set(NAMESPACE_KINDS.filter((kind) => !kernelHas.has(kind)));

  return async () => {
    const listed = (await readdir(proc)).filter((name) => /^\d+$/.test(name)).map(Number);
    const pids = listed.sort((a, b) => a - b);
    const { cgroupOf, foreign } = await cgroups();
    const inodes = await readInodes(proc, pids);
    const found = gather(pids, inodes, cgroupOf, (pid) => existsSync(join(proc, String(pid))));
    for (const [cgroup, count] of foreign) addUnseen(found.unseen, cgroup, { denied: 0, foreign: count });
    // With hidepid not even pid 1 is listed: those that cgroup.procs has beyond the listing are others' too.
    if (pids[0] !== 1) {
      const known = new Set(pids);
      for (const [pid, cgroup] of cgroupOf) {
        if (!known.has(pid)) addUnseen(found.unseen, cgroup, { denied: 1, foreign: 0 });
      }
    }
    await addMounts(found);
    const namespaces = await described(found);
    return { namespaces, unseen: found.unseen, missing, hasOwners: readInfo !== undefined };
  };

  /** cgroup.procs of a threaded cgroup answers EOPNOTSUPP: its processes are in the domain above, which lists them. */
  async function cgroups(): Promise<{ cgroupOf: Map<number, string>; foreign: Map<string, number> }> {
    const { paths } = await walk(mount, '/');
    const texts = await readFiles(paths.map((path) => join(mount, path, 'cgroup.procs')));
    const cgroupOf = new Map<number, string>();
    const foreign = new Map<string, number>();
    paths.forEach((path, index) => {
      const procs = parseProcs(typeof texts[index] === 'string' ? texts[index] : '');
      for (const pid of procs.pids) cgroupOf.set(pid, path);
      if (procs.foreign > 0) foreign.set(path, procs.foreign);
    });
    return { cgroupOf, foreign };
  }

  /** Those that are mounted in our mount namespace, as `ip netns add` does. */
  async function addMounts({ byKey }: Found): Promise<void> {
    const [text] = await readFiles([join(proc, 'self/mountinfo')]);
    for (const { fsType, root, mountPoint } of parseMountinfo(typeof text === 'string' ? text : '')) {
      const link = fsType === 'nsfs' ? parseNamespaceLink(root) : undefined;
      if (link) placed(byKey, link).mountPoints.push(mountPoint);
    }
  }

  async function described({ byKey, hostOf }: Found): Promise<Namespace[]> {
    const drafts = [...byKey.values()];
    const owners = await ownersOf(drafts);
    // A namespace may be there for those below it alone.
    for (const [{ kind }, { owner, parent }] of owners) {
      if (owner !== undefined) placed(byKey, { type: 'user', inode: owner });
      if (parent !== undefined) placed(byKey, { type: kind, inode: parent });
    }
    const firsts = await firstProcesses(new Set(drafts.flatMap(({ pid }) => pid ?? [])));
    const maps = await idMaps(drafts);
    return [...byKey.values()].sort(byKindAndInode).map((draft): Namespace => {
      const { kind, inode, processes, pid, cgroups, mountPoints } = draft;
      const host = hostOf(kind);
      const first = pid === undefined ? undefined : firsts.get(pid);
      return {
        kind,
        inode,
        isHost: host === undefined ? undefined : inode === host,
        processes,
        cgroups,
        mountPoints,
        ...(first && { first }),
        ...owners.get(draft),
        ...maps.get(draft),
      };
    });
  }

  async function ownersOf(drafts: readonly Draft[]): Promise<Map<Draft, Owners>> {
    const paths = drafts.map(({ kind, pid, mountPoints }) =>
      pid === undefined ? (mountPoints[0] ?? '') : join(proc, `${pid}/ns/${kind}`),
    );
    const answers = (await readInfo?.(paths)) ?? [];
    const owners = new Map<Draft, Owners>();
    drafts.forEach((draft, index) => {
      const info = answers[index];
      // The process may have gone, and another have its pid.
      if (typeof info !== 'object' || info.inode !== draft.inode) return;
      owners.set(draft, {
        ...(info.owner !== null && { owner: info.owner }),
        ...(info.parent !== null && { parent: info.parent }),
        ...(info.ownerUid !== null && { ownerUid: info.ownerUid }),
      });
    });
    return owners;
  }

  async function firstProcesses(pids: ReadonlySet<number>): Promise<Map<number, FirstProcess>> {
    const list = [...pids];
    const texts = await readFiles(list.flatMap((pid) => [join(proc, `${pid}/status`), join(proc, `${pid}/cmdline`)]));
    return new Map(
      list.flatMap((pid, index) => {
        const [status, cmdline] = [texts[2 * index], texts[2 * index + 1]];
        if (typeof status !== 'string') return [];
        const { Uid, Name } = parsePidStatus(status);
        const command = commandOf(typeof cmdline === 'string' ? cmdline : '', Name);
        return [[pid, { pid, uid: Uid[1] ?? Number.NaN, command }] as const];
      }),
    );
  }

  async function idMaps(drafts: readonly Draft[]): Promise<Map<Draft, Pick<Namespace, 'uidMap' | 'gidMap'>>> {
    const users = drafts.filter(({ kind, pid }) => kind === 'user' && pid !== undefined);
    const texts = await readFiles(users.flatMap(({ pid }) => [`${proc}/${pid}/uid_map`, `${proc}/${pid}/gid_map`]));
    return new Map(
      users.map((draft, index) => {
        const [uid, gid] = [texts[2 * index], texts[2 * index + 1]];
        return [
          draft,
          {
            ...(typeof uid === 'string' && { uidMap: parseIdMap(uid) }),
            ...(typeof gid === 'string' && { gidMap: parseIdMap(gid) }),
          },
        ];
      }),
    );
  }
}

interface Draft {
  readonly kind: NamespaceKind;
  readonly inode: number;
  processes: number;
  /** The lowest. */
  pid: number | undefined;
  readonly cgroups: Map<string, number>;
  readonly mountPoints: string[];
}

type Owners = Pick<Namespace, 'owner' | 'parent' | 'ownerUid'>;

interface Found {
  readonly byKey: Map<string, Draft>;
  readonly unseen: Map<string, Unseen>;
  readonly hostOf: (kind: NamespaceKind) => number | undefined;
}

/** `inodes`: so many for each pid as there are kinds, the negative errno of what may not be read. */
function gather(
  pids: readonly number[],
  inodes: Float64Array,
  cgroupOf: ReadonlyMap<number, string>,
  isThere: (pid: number) => boolean,
): Found {
  const byKey = new Map<string, Draft>();
  const unseen = new Map<string, Unseen>();
  pids.forEach((pid, row) => {
    const cgroup = cgroupOf.get(pid);
    const own = inodes.subarray(row * NAMESPACE_KINDS.length, (row + 1) * NAMESPACE_KINDS.length);
    // A process that ends in between answers EACCES too.
    if (own.some((inode) => DENIED.has(-inode)) && isThere(pid))
      addUnseen(unseen, cgroup ?? '', { denied: 1, foreign: 0 });
    NAMESPACE_KINDS.forEach((kind, column) => {
      const inode = own[column] ?? -1;
      // A zombie is in some of them only, and one that has gone in none.
      if (inode <= 0) return;
      const draft = placed(byKey, { type: kind, inode });
      draft.processes++;
      draft.pid ??= pid;
      if (cgroup !== undefined) draft.cgroups.set(cgroup, (draft.cgroups.get(cgroup) ?? 0) + 1);
    });
  });
  const init = pids[0] === 1 ? inodes : undefined;
  const hostOf = (kind: NamespaceKind): number | undefined => {
    const inode = init?.[NAMESPACE_KINDS.indexOf(kind)] ?? -1;
    if (inode > 0) return inode;
    // mnt and net have had a fixed one only since 6.18: it counts where somebody is in it.
    const initial = INITIAL_NAMESPACES[kind];
    return byKey.has(keyOf({ type: kind, inode: initial })) ? initial : undefined;
  };
  return { byKey, unseen, hostOf };
}

const DENIED: ReadonlySet<number> = new Set([constants.errno.EACCES, constants.errno.EPERM]);

function addUnseen(unseen: Map<string, Unseen>, cgroup: string, more: Unseen): void {
  const before = unseen.get(cgroup) ?? { denied: 0, foreign: 0 };
  unseen.set(cgroup, { denied: before.denied + more.denied, foreign: before.foreign + more.foreign });
}

const keyOf = ({ type, inode }: NamespaceLink): string => `${type} ${inode}`;

function placed(byKey: Map<string, Draft>, link: NamespaceLink): Draft {
  const key = keyOf(link);
  const known = byKey.get(key);
  if (known) return known;
  const draft: Draft = {
    kind: link.type,
    inode: link.inode,
    processes: 0,
    pid: undefined,
    cgroups: new Map(),
    mountPoints: [],
  };
  byKey.set(key, draft);
  return draft;
}

const byKindAndInode = (a: Draft, b: Draft): number => textOrder(a.kind, b.kind) || a.inode - b.inode;
