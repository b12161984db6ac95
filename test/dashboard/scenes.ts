/** Scenes and process trees made by hand, for what is composed of them. */
import { chooseDashboard } from '../../src/dashboard/choose-dashboard.ts';
import { type Composed, compose, type Scene } from '../../src/dashboard/compose.ts';
import type { ProcessList } from '../../src/dashboard/process-view.ts';
import { shownOf } from '../../src/dashboard/rows.ts';
import type { State } from '../../src/dashboard/state.ts';
import type { Line } from '../../src/dashboard/style.ts';
import { NO_SCROLL, type UpdateContext } from '../../src/dashboard/update.ts';
import type { ProcessNode } from '../../src/inventory/processes.ts';
import { processTimes } from '../../src/metrics/process-usage.ts';
import type { Frame } from '../../src/metrics/source.ts';

export const { dashboards: DASHBOARDS } = chooseDashboard(undefined, '/nonexistent');

/** Where the table is of no matter. */
export const EMPTY_CONTEXT: UpdateContext = {
  frame: undefined,
  items: [],
  unfolded: () => [],
  window: 3,
  sortable: [],
  scroll: NO_SCROLL,
  dashboards: [],
};

export const sceneOf = (frame: Frame, state: State, more: Partial<Scene> = {}): Scene => ({
  state,
  frame,
  shown: shownOf(frame, state),
  dashboards: DASHBOARDS,
  faults: [],
  processes: undefined,
  inside: {},
  historyOf: () => ({ values: [], mosts: [], fold: 1 }),
  seconds: 1,
  raw: undefined,
  drifts: [],
  recreated: new Set(),
  events: [],
  gasps: [],
  age: 0,
  isFlashing: false,
  message: undefined,
  ...more,
});

export const plainText = (line: Line | undefined): string => (line ?? []).map(([text]) => text).join('');

/** The lines of what lies over the table, else of the last pane. */
export function linesOf({ view }: Composed): string[] {
  return (view.overlay ?? view.panes.at(-1)?.lines ?? []).map(plainText);
}

export const composed = (scene: Scene, width: number, height: number): string[] =>
  linesOf(compose(scene, width, height));

export const processOf = (pid: number, more: Partial<ProcessNode> = {}): ProcessNode => ({
  pid,
  innerPid: pid - 100,
  ppid: 1,
  comm: 'app',
  command: `app ${pid}`,
  state: 'S',
  uid: 0,
  threads: 1,
  startTime: 1,
  utimeTicks: 0,
  stimeTicks: 0,
  rssBytes: 0,
  waitNs: Number.NaN,
  entered: false,
  isNestedInit: false,
  isKernelThread: false,
  children: [],
  ...more,
});

/** Of the row with this inode; all CPU time was used in the last second. */
export function processListOf(inode: number, roots: readonly ProcessNode[], seconds = 1): ProcessList {
  const idle = (nodes: readonly ProcessNode[]): ProcessNode[] =>
    nodes.map((node) => ({ ...node, utimeTicks: 0, stimeTicks: 0, children: idle(node.children) }));
  const before = processTimes(idle(roots), (seconds - 1) * 1000);
  return { inode, roots, left: 0, before, now: processTimes(roots, seconds * 1000), users: new Map() };
}
