/**
 * Rows arranged for a table: flat, as the tree of cgroups, or in groups by machine, pod, compose project, slice or user. A group
 * that is a cgroup itself (pod, slice, user) shows that cgroup's own figures; another one shows the sum of its rows.
 */

import { composeProjectOf, type Workload } from '../inventory/workload.ts';
import { clean } from '../text/clean.ts';
import type { Frame } from './source.ts';
import { outermost } from './totals.ts';

export const GROUPINGS = ['flat', 'tree', 'host', 'pod', 'project', 'slice', 'user'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** Inode of a cgroup; text for a group that is no cgroup. */
export type ItemKey = number | string;

export interface Item {
  readonly key: ItemKey;
  /** Row of the Frame whose figures it shows; -1 for a sum. */
  readonly row: number;
  /** Rows that are summed, none of them inside another. */
  readonly members: readonly number[];
  readonly name: string;
  /** Branches of the tree before the name. */
  readonly branch: string;
  /** Whether what it holds is shown; undefined where it holds nothing. */
  readonly open?: boolean;
  /** Rows beneath it, at every depth. */
  readonly holds: number;
}

export interface Arrangement {
  readonly grouping: Grouping;
  /** Rows that the filter and the settings let through. */
  readonly rows: readonly number[];
  /** Keys of items whose inside is hidden. */
  readonly closed: ReadonlySet<ItemKey>;
  /** Order of two rows, by the figure that the table is sorted by; a sum is given by its members. */
  readonly compare: (a: Comparable, b: Comparable) => number;
  /** The name of a uid of this host. */
  readonly userName: (uid: number) => string;
}

export type Comparable = Pick<Item, 'row' | 'members' | 'name'>;

export function arrange(frame: Frame, arrangement: Arrangement): readonly Item[] {
  const { grouping, rows, compare } = arrangement;
  if (grouping === 'tree') return treeOf(frame, arrangement);
  const { leaves, order, rows: ordered } = leavesOf(frame);
  if (grouping !== 'flat') return groupsOf(frame, leavesIn(frame, rows, leaves), grouping, arrangement);
  // In the order of the last time they are nearly sorted, so that sorting takes about one comparison for each.
  const nearly = rows === ordered ? order : inOrderOf(order, leavesIn(frame, rows, leaves));
  const sorted = isSorted(nearly, compare) ? nearly : nearly.toSorted(compare);
  LEAVES.set(frame.workloads, { leaves, order: sorted, rows });
  return sorted;
}

/** The rows of a flat table, kept as long as no cgroup comes or goes. */
interface Leaves {
  /** By row; made at the first use. */
  readonly leaves: Item[];
  /** As they were sorted last. */
  readonly order: readonly Item[];
  readonly rows: readonly number[];
}

const LEAVES = new WeakMap<Frame['workloads'], Leaves>();

const leavesOf = ({ workloads }: Frame): Leaves => LEAVES.get(workloads) ?? { leaves: [], order: [], rows: [] };

const leavesIn = (frame: Frame, rows: readonly number[], leaves: Item[]): readonly Item[] =>
  rows.map((row) => {
    leaves[row] ??= leafOf(frame, row);
    return leaves[row];
  });

/** The items in that order, which may have others too; as they are where it lacks one of them. */
function inOrderOf(order: readonly Item[], items: readonly Item[]): readonly Item[] {
  const wanted = new Set(items);
  const again = order.filter((item) => wanted.has(item));
  return again.length === items.length ? again : items;
}

const isSorted = (items: readonly Item[], compare: Arrangement['compare']): boolean => {
  for (let at = 1; at < items.length; at++) {
    const [before, item] = [items[at - 1], items[at]];
    if (before && item && compare(before, item) > 0) return false;
  }
  return true;
};

const nameOf = ({ workloads }: Frame, row: number): string => workloads[row]?.name ?? '';

/** How many workloads of a machine have the same name, by machine and name. */
const COUNTS = new WeakMap<Frame['workloads'], ReadonlyMap<string, number>>();

const hostAndName = ({ host = '', name = '' }: Partial<Workload>): string => `${host} ${name}`;

function countsOf({ workloads }: Frame): ReadonlyMap<string, number> {
  const known = COUNTS.get(workloads);
  if (known) return known;
  const found = new Map<string, number>();
  for (const workload of workloads) {
    const key = hostAndName(workload);
    found.set(key, (found.get(key) ?? 0) + 1);
  }
  COUNTS.set(workloads, found);
  return found;
}

/** `parent/name` for a plain directory whose name another workload of the machine has too: nothing else tells them apart. */
function distinctName(frame: Frame, row: number): string {
  const { name = '', kind, path = '', host = '' } = frame.workloads[row] ?? {};
  if (kind !== 'cgroup' || (countsOf(frame).get(hostAndName({ host, name })) ?? 0) < 2) return name;
  return `${clean(path.split('/').at(-2) ?? '')}/${name}`;
}

const leafOf = (frame: Frame, row: number, name = distinctName(frame, row)): Item => ({
  key: frame.workloads[row]?.inode ?? -1,
  row,
  members: [],
  name,
  branch: '',
  holds: 0,
});

interface Node {
  readonly item: Item;
  readonly children: Node[];
}

/** Rows under their ancestors, which are shown for the sake of the branch. The root is left out: it holds everything. */
function treeOf(frame: Frame, { rows, closed, compare }: Arrangement): Item[] {
  const { parents } = frame.usage.snapshot;
  const nodes = new Map<number, Node>();
  const roots: Node[] = [];
  const isAsked = new Set(rows);
  const nodeOf = (row: number): Node => {
    const known = nodes.get(row);
    if (known) return known;
    // The plain name will do: the branch tells where it is.
    const node: Node = { item: leafOf(frame, row, nameOf(frame, row)), children: [] };
    nodes.set(row, node);
    const parent = parents[row] ?? -1;
    const isRoot = parent >= 0 && frame.workloads[parent]?.kind === 'root' && !isAsked.has(parent);
    if (parent < 0 || isRoot) roots.push(node);
    else nodeOf(parent).children.push(node);
    return node;
  };
  for (const row of rows) nodeOf(row);
  return flatten(roots, closed, compare);
}

function flatten(nodes: Node[], closed: ReadonlySet<ItemKey>, compare: Arrangement['compare']): Item[] {
  const items: Item[] = [];
  const visit = (siblings: Node[], prefix: string, depth: number): number => {
    siblings.sort((a, b) => compare(a.item, b.item));
    let held = 0;
    siblings.forEach(({ item, children }, index) => {
      const isLast = index === siblings.length - 1;
      const branch = depth === 0 ? '' : `${prefix}${isLast ? '└─' : '├─'}`;
      const below = depth === 0 ? '' : `${prefix}${isLast ? '  ' : '│ '}`;
      const open = !closed.has(item.key);
      const at = items.push(item) - 1;
      const inside = children.length === 0 ? 0 : open ? visit(children, below, depth + 1) : countOf(children);
      items[at] = { ...item, branch, holds: inside, ...(children.length > 0 ? { open } : {}) };
      held += 1 + inside;
    });
    return held;
  };
  visit(nodes, '', 0);
  return items;
}

const countOf = (nodes: readonly Node[]): number => nodes.reduce((sum, { children }) => sum + 1 + countOf(children), 0);

function groupsOf(
  frame: Frame,
  leaves: readonly Item[],
  grouping: Exclude<Grouping, 'flat' | 'tree'>,
  { closed, compare, userName }: Arrangement,
): Item[] {
  const groups = new Map<string, { name: string; own: number; children: Node[] }>();
  const owners = ownersOf(frame, grouping);
  for (const item of leaves) {
    const workload = frame.workloads[item.row];
    if (!workload) continue;
    const label = GROUP_OF[grouping](workload);
    const key = label ?? '';
    const group = groups.get(key) ?? {
      name: label === undefined ? `no ${grouping}` : grouping === 'user' ? userName(Number(label)) : label,
      own: owners.get(key) ?? -1,
      children: [],
    };
    groups.set(key, group);
    // The pod's or slice's own cgroup is the group's row, not one of its rows.
    if (group.own !== item.row) group.children.push({ item, children: [] });
  }
  const nodes = [...groups].map(([key, { name, own, children }]): Node => {
    const rows = children.map(({ item }) => item.row);
    return {
      item: {
        key: own >= 0 ? (frame.workloads[own]?.inode ?? -1) : `${grouping}:${key}`,
        row: own,
        members: own >= 0 ? [] : outermost(rows, frame.usage.snapshot.parents),
        name: own >= 0 && grouping === 'pod' ? nameOf(frame, own) : name,
        branch: '',
        holds: rows.length,
      },
      children,
    };
  });
  return flatten(nodes, closed, compare);
}

/** What a workload is grouped by; undefined for one that belongs to none. */
const GROUP_OF: Record<Exclude<Grouping, 'flat' | 'tree'>, (workload: Workload) => string | undefined> = {
  host: ({ host }) => host,
  pod: ({ podUid, pod, namespace }) => podUid ?? (pod === undefined ? undefined : `${namespace ?? ''}/${pod}`),
  project: composeProjectOf,
  slice: ({ path }) => /^.*\.slice(?=\/|$)/.exec(path)?.[0],
  user: ({ uid, path }) => uid?.toString() ?? /\/user-(\d+)\.slice(\/|$)/.exec(path)?.[1],
};

/** Row of the cgroup that is the group itself, by the group; a group of rows of several machines is no cgroup. */
function ownersOf({ workloads }: Frame, grouping: Grouping): Map<string, number> {
  const owners = new Map<string, number>();
  workloads.forEach(({ kind, podUid, path, host }, row) => {
    if (host !== undefined) return;
    if (grouping === 'pod' && kind === 'pod' && podUid !== undefined) owners.set(podUid, row);
    if (grouping === 'slice' && path.endsWith('.slice')) owners.set(path, row);
    const uid = grouping === 'user' ? /\/user-(\d+)\.slice$/.exec(path)?.[1] : undefined;
    if (uid !== undefined) owners.set(uid, row);
  });
  return owners;
}
