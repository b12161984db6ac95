/** What runs here: the cgroup tree, what each cgroup is, and its name as it becomes known. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isWithin } from '../kernel/cgroup-path.ts';
import { parseProcCgroup } from '../kernel/proc-cgroup.ts';
import { openApiSource } from './api-source.ts';
import { boxAround, boxOf } from './claims.ts';
import { diskSources } from './disk-sources.ts';
import { identify, identifyPlain } from './identity.ts';
import type { NameSource, Names } from './names/source.ts';
import { createNameOf, isNameable, LONG_PATIENCE_MS, PATIENCE_MS, pathName } from './names.ts';
import type { RuntimeStatus } from './runtimes/endpoint.ts';
import { type Cgroup, openTree } from './tree.ts';
import { createWalk, type Walk } from './walk.ts';
import type { WatchState } from './watch.ts';
import type { Claim, Identity, Workload } from './workload.ts';

export interface InventoryOptions {
  /** Directory where the hierarchy is mounted. */
  readonly mount: string;
  /** The cgroup that is mounted there: `Hierarchy.root`. */
  readonly root?: string;
  /** Where procfs is: to check a pid that a file names. */
  readonly proc: string;
  /** Follow the file system's events between refreshes; a command that ends at once does not, and waits for names. */
  readonly watch: boolean;
  /** Who knows names, the most trusted first. The runtimes' files on disk if absent. */
  readonly sources?: readonly NameSource[];
  /** Ask the runtimes' APIs too, before the disk. */
  readonly apis?: boolean;
  readonly walk?: Walk;
}

export interface InventoryChange {
  /** A cgroup that took the place of another of the same path is one removed and one added. */
  readonly added: readonly Workload[];
  readonly removed: readonly Workload[];
}

export interface Inventory {
  /** Every cgroup, parents before children. Another array after each change, the same one else. */
  workloads(): readonly Workload[];
  byInode(inode: number): Workload | undefined;
  /**
   * Finds what is new and gone. New ones have the name of their path at once; the sources are asked meanwhile, and what
   * they know is there at the next refresh at the latest (without `watch`, when this one is done).
   */
  refresh(): Promise<InventoryChange>;
  /** Asks once more for the names of new containers that nobody knew yet, as each refresh does. */
  askUnnamed(): void;
  /** Asks besides for some names that are known, in turn, as each refresh does. */
  askAgain(): void;
  /** Resolves when every name that was asked for is there. */
  named(): Promise<void>;
  /** A refresh is due: an event came, or nobody watches. */
  hinted(): boolean;
  /** Resolves at the first event after the last refresh began. */
  changed(): Promise<void>;
  /** Calls back at each event, and when a name became known. */
  onChange(listener: () => void): void;
  /** Whether the root's `nr_descendants` agrees with what is known. */
  isComplete(nrDescendants: number): boolean;
  /** Cgroups that are left out because their paths are no UTF-8. */
  hidden(): number;
  /** Cgroups that came or went without an event that told so. */
  missed(): number;
  watching(): { readonly state: WatchState; readonly reason?: string };
  /** How each runtime's API is, asked anew; empty without `apis`. */
  runtimes(): Promise<readonly RuntimeStatus[]>;
  close(): void;
}

/** Cgroups whose sources are asked at the same time. */
const ASKED_AT_ONCE = 8;
/** Cgroups whose names are asked for again in each refresh, in turn, because names change. */
const ASKED_AGAIN = 4;
/** A runtime may write a container's files after its cgroup: one that nobody knew is asked for again in so many refreshes. */
const PATIENT_ASKS = 5;
/** How many that nobody knew are asked for again in one refresh. */
const PATIENT_AT_ONCE = 32;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function openInventory(options: InventoryOptions): Inventory {
  const { mount, root, proc, watch } = options;
  const apis = options.apis ? openApiSource({ watch }) : undefined;
  const sources = [...(apis ? [apis.source] : []), ...(options.sources ?? diskSources())];
  const nameOf = createNameOf(sources, undefined, watch ? PATIENCE_MS : LONG_PATIENCE_MS);
  const listeners = new Set<() => void>();
  /** Listeners are called once for a burst of events. */
  let isTelling = false;
  const tell = (): void => {
    if (isTelling) return;
    isTelling = true;
    setImmediate(() => {
      isTelling = false;
      for (const listener of listeners) listener();
    });
  };
  const tree = openTree({ mount, walk: options.walk ?? createWalk(), watch, onHint: tell });

  const byInode = new Map<number, Workload>();
  let list: readonly Workload[] | undefined;
  let isClosed = false;
  /**
   * Inodes of cgroups whose names are to be asked for, in this order. A cgroup that ends is removed, so that churn cannot
   * pile up.
   */
  const queue = new Set<number>();
  /** Inodes of cgroups whose names were asked for. First the one that was asked for longest ago. */
  const asked = new Set<number>();
  /** Inodes of cgroups whose names nobody knew, and how often they were asked for. */
  const unnamed = new Map<number, number>();
  let asking = 0;
  let waiting: (() => void)[] = [];

  const stops = sources.flatMap(
    (source) =>
      source.events?.((id) => {
        for (const { inode, id: other } of byInode.values()) if (other === id) queue.add(inode);
        work();
      }) ?? [],
  );

  function appear({ path, inode }: Cgroup): Workload {
    const identity = identify(path);
    const workload = { ...identity, path, inode, name: pathName(identity, path) };
    byInode.set(inode, workload);
    if (isNameable(identity)) queue.add(inode);
    return workload;
  }

  function vanish({ inode }: Cgroup): Workload[] {
    const workload = byInode.get(inode);
    byInode.delete(inode);
    queue.delete(inode);
    asked.delete(inode);
    unnamed.delete(inode);
    return workload ? [workload] : [];
  }

  function work(): void {
    for (const inode of queue) {
      if (asking >= ASKED_AT_ONCE || isClosed) return;
      queue.delete(inode);
      asking++;
      void ask(inode).finally(() => {
        asking--;
        work();
        if (asking === 0) wake();
      });
    }
  }

  async function ask(inode: number): Promise<void> {
    const workload = byInode.get(inode);
    if (workload === undefined) return;
    const { path } = workload;
    const { identity, names, claim } = await confirmed(
      identify(path),
      await nameOf(identify(path), path),
      path,
      proc,
      root,
    );
    // The cgroup may have ended meanwhile.
    if (byInode.get(inode) !== workload) return;
    asked.delete(inode);
    asked.add(inode);
    if (claim || Object.keys(names).length > 0) unnamed.delete(inode);
    else unnamed.set(inode, (unnamed.get(inode) ?? 0) + 1);
    const named = { ...identity, path, inode, name: pathName(identity, path), ...names, ...(claim && { claim }) };
    if (isSame(named, workload)) return;
    byInode.set(inode, named);
    list = undefined;
    tell();
  }

  function askUnnamed(): void {
    let patient = 0;
    for (const [inode, asks] of unnamed) {
      if (asks < PATIENT_ASKS && patient++ < PATIENT_AT_ONCE) queue.add(inode);
    }
    work();
  }

  function askAgain(): void {
    let again = 0;
    for (const inode of asked) {
      if (again++ >= ASKED_AGAIN) break;
      queue.add(inode);
    }
    askUnnamed();
  }

  function wake(): void {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  }

  const named = (): Promise<void> =>
    asking === 0 || isClosed ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));

  return {
    workloads() {
      list ??= [...tree.cgroups().values()].flatMap(({ inode }) => byInode.get(inode) ?? []);
      return list;
    },
    byInode: (inode) => byInode.get(inode),
    async refresh() {
      const change = await tree.sync();
      const removed = change.removed.flatMap(vanish);
      const added = change.added.map(appear);
      if (added.length + removed.length > 0) list = undefined;
      askAgain();
      if (!watch) await named();
      return { added, removed };
    },
    askUnnamed,
    askAgain,
    named,
    hinted: tree.hinted,
    changed: tree.changed,
    onChange: (listener) => void listeners.add(listener),
    isComplete: tree.isComplete,
    hidden: tree.hidden,
    missed: tree.missed,
    watching: tree.watching,
    runtimes: async () => (await apis?.ask()) ?? [],
    close() {
      isClosed = true;
      listeners.clear();
      for (const stop of stops) stop();
      apis?.close();
      tree.close();
      queue.clear();
      wake();
    },
  };
}

/** What remains of a workload's identity and names once the place of the container's first process was checked. */
interface Confirmed {
  readonly identity: Identity;
  readonly names: Names;
  readonly claim?: Claim;
}

/**
 * A pid from a file may be that of a container that ended long ago: it counts if it is in this cgroup now. Where it is in
 * another cgroup of that container, the names are that one's, and this one is only called so.
 */
async function confirmed(
  identity: Identity,
  names: Names,
  path: string,
  proc: string,
  root: string | undefined,
): Promise<Confirmed> {
  const { initPid, ...others } = names;
  const home = initPid === undefined ? undefined : await homeOf(proc, initPid, root);
  if (home === undefined) return { identity, names: others };
  const box = boxOf(identity);
  const own = box === undefined ? undefined : boxAround(home, box);
  if (own !== undefined && own !== path) {
    return { identity: identifyPlain(path), names: {}, claim: { name: names.name ?? box ?? '', path: own } };
  }
  return { identity, names: isWithin(home, path) ? names : others };
}

/** Undefined where the process has gone. */
const homeOf = (proc: string, pid: number, root?: string): Promise<string | undefined> =>
  readFile(join(proc, String(pid), 'cgroup'), 'utf8').then(
    (text) => parseProcCgroup(text, root),
    () => undefined,
  );

const isSame = (a: Workload, b: Workload): boolean => JSON.stringify(a) === JSON.stringify(b);
