/**
 * The process tree of the selected row: outer and inner PID, CPU, wait, memory, state, command; and who entered or opened a
 * PID namespace.
 */

import type { ProcessNode } from '../inventory/processes.ts';
import type { UserNames } from '../inventory/users.ts';
import type { Workload } from '../inventory/workload.ts';
import { formatValue } from '../metrics/format.ts';
import { type ProcessTimes, type ProcessUsage, processUsage } from '../metrics/process-usage.ts';
import { cut, padEnd, padStart, terminalSafe } from '../text/cells.ts';
import { counted } from '../text/counted.ts';
import { firstIn, type Line, type Piece } from './style.ts';

export interface ProcessList {
  /** Inode of the row whose processes they are. */
  readonly inode: number;
  readonly roots: readonly ProcessNode[];
  /** Processes beyond the bound, not read. */
  readonly left: number;
  readonly before: ProcessTimes | undefined;
  readonly now: ProcessTimes;
  readonly users: UserNames;
  /** Least seconds from one reading to the next. */
  readonly pace: number;
}

export interface ProcessViewOptions {
  readonly kernelThreads?: boolean;
  /** Siblings by the memory of their subtrees, else by the CPU. */
  readonly byMemory?: boolean;
  /** When the tree was read, where that is another time than that of the rest. */
  readonly note?: string;
  /** The lines that are shown; those of other processes are left empty. All of them if absent. */
  readonly window?: { readonly top: number; readonly height: number };
}

const NOT_SHOWN: Line = [];

/** Title, column heads and every process, the busiest subtree first; the caller shows a window of them. */
export function processView(
  workload: Workload | undefined,
  list: ProcessList | undefined,
  width: number,
  { kernelThreads = false, byMemory = false, note = '', window }: ProcessViewOptions = {},
): Line[] {
  if (!workload) return [[['no row selected', 'dim']]];
  const all = list?.roots ?? [];
  const roots = kernelThreads ? all : withoutKernelThreads(all);
  const hidden = countOf(all) - countOf(roots);
  const left = list?.left ?? 0;
  const count = countOf(roots) + left;
  const title: Line = [
    [workload.name, 'title'],
    [`  ${list ? counted(count, 'process', 'processes') : 'reading …'}  `],
    ...(list && list.pace >= 2 ? ([[`read every ${Math.ceil(list.pace)} s  `, 'dim']] as const) : []),
    ...(note === '' ? [] : ([[`${note}  `, 'warning']] as const)),
    ...(hidden > 0 ? ([[`${counted(hidden, 'kernel thread')} hidden (H)  `, 'dim']] as const) : []),
    ...(kernelThreads ? ([['with kernel threads (H)  ', 'dim']] as const) : []),
    [workload.path, 'dim'],
  ];
  if (!list) return [title];
  const wide = width >= 70;
  const heads = `${padStart('PID', 8)}${padStart('INNER', 8)}${padStart('CPU%', 7)}${wide ? padStart('WAIT%', 7) : ''}${padStart('RES', 9)} S ${wide ? `${padStart('THR', 4)} ${padEnd('USER', USER_CELLS)}` : ''} COMMAND`;
  const lines: Line[] = [title, [[heads, 'title']]];
  const { top, height } = window ?? { top: 0, height: Number.POSITIVE_INFINITY };
  const first = firstIn(top, height, lines.length + count - left + (left > 0 ? 1 : 0));
  const visit = ({ node, usage, children }: Branch, prefix: string, last: boolean, depth: number): void => {
    const isShown = lines.length >= first && lines.length < first + height;
    const branch = depth === 0 ? '' : `${prefix}${last ? '└─ ' : '├─ '}`;
    lines.push(isShown ? processLine(node, usage, branch, list.users, wide) : NOT_SHOWN);
    const below = depth === 0 ? '' : `${prefix}${last ? '   ' : '│  '}`;
    children.forEach((child, index) => void visit(child, below, index === children.length - 1, depth + 1));
  };
  for (const root of busiestFirst(roots, list, byMemory)) visit(root, '', true, 0);
  if (left > 0) lines.push([[`${left} more are not read, to bound the cost`, 'dim']]);
  if (roots.length === 0) lines.push([['no process', 'dim']]);
  return lines;
}

interface Branch {
  readonly node: ProcessNode;
  readonly usage: ProcessUsage;
  /** The use of a process and of all below it; an unknown figure counts nothing. */
  readonly sum: number;
  readonly children: readonly Branch[];
}

const NO_BRANCHES: readonly Branch[] = [];

/** Siblings by what their subtrees use, then by PID. */
function busiestFirst(nodes: readonly ProcessNode[], list: ProcessList, byMemory: boolean): readonly Branch[] {
  if (nodes.length === 0) return NO_BRANCHES;
  const branches = nodes.map((node): Branch => {
    const usage = processUsage(node, list.before, list.now);
    const children = busiestFirst(node.children, list, byMemory);
    const own = (byMemory ? node.rssBytes : usage.cpuPercent) || 0;
    return { node, usage, sum: children.reduce((sum, child) => sum + child.sum, own), children };
  });
  return branches.sort((a, b) => b.sum - a.sum || a.node.pid - b.node.pid);
}

function processLine(
  node: ProcessNode,
  { cpuPercent, waitPercent }: ProcessUsage,
  branch: string,
  users: UserNames,
  wide: boolean,
): Line {
  const inner = node.innerPid === node.pid ? '' : String(node.innerPid);
  const wait: Piece[] = wide
    ? [[padStart(formatValue(waitPercent, 'percent'), 7), waitPercent >= 10 ? 'warning' : 'dim']]
    : [];
  return [
    [padStart(String(node.pid), 8), 'dim'],
    [padStart(inner, 8)],
    [padStart(formatValue(cpuPercent, 'percent'), 7)],
    ...wait,
    [padStart(formatValue(node.rssBytes, 'bytes'), 9)],
    [
      ` ${padEnd(node.state, 2)}`,
      node.state === 'R' ? 'good' : node.state === 'D' || node.state === 'Z' ? 'warning' : 'dim',
    ],
    ...(wide ? threadsAndUser(node, users) : []),
    [` ${branch}`, 'dim'],
    [node.command],
    ...markOf(node),
  ];
}

function markOf({ entered, isNestedInit, pidNamespace }: ProcessNode): Piece[] {
  if (entered) return [['  entered from outside', 'warning']];
  return isNestedInit ? [[`  init of PID namespace ${pidNamespace ?? '--'}`, 'accent']] : [];
}

const USER_CELLS = 9;

const threadsAndUser = ({ threads, uid }: ProcessNode, users: UserNames): Piece[] => [
  [padStart(String(threads), 4), 'dim'],
  [` ${padEnd(cut(terminalSafe(users.get(uid) ?? String(uid)), USER_CELLS), USER_CELLS)}`],
];

/** The children of a kernel thread, such as a program that the kernel has started, take its place. */
const withoutKernelThreads = (nodes: readonly ProcessNode[]): readonly ProcessNode[] =>
  nodes.some(hasKernelThread)
    ? nodes.flatMap((node) => {
        const children = withoutKernelThreads(node.children);
        return node.isKernelThread ? children : [{ ...node, children }];
      })
    : nodes;

const hasKernelThread = ({ isKernelThread, children }: ProcessNode): boolean =>
  isKernelThread || children.some(hasKernelThread);

const countOf = (nodes: readonly ProcessNode[]): number =>
  nodes.reduce((sum, { children }) => sum + 1 + countOf(children), 0);
