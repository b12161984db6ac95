/** Scenes and process trees made by hand, for what is composed of them. */

import { type ActionContext, NO_SCROLL } from '../../src/dashboard/after-action.ts';
import { chooseDashboard } from '../../src/dashboard/choose-dashboard.ts';
import { type Composed, compose } from '../../src/dashboard/compose.ts';
import { type Layout, layoutOf } from '../../src/dashboard/layout.ts';
import type { ProcessList } from '../../src/dashboard/process-view.ts';
import { shownOf } from '../../src/dashboard/rows.ts';
import { oomKillsShown, type Scene } from '../../src/dashboard/scene.ts';
import type { State } from '../../src/dashboard/state.ts';
import type { Line } from '../../src/dashboard/style.ts';
import type { ProcessNode } from '../../src/inventory/processes.ts';
import { processTimes } from '../../src/metrics/process-usage.ts';
import type { Frame } from '../../src/metrics/source.ts';

export const { dashboards: DASHBOARDS } = chooseDashboard(undefined, '/nonexistent');

/** Of tests in which no trial is taken back by another process. */
export const NO_REVERTER = {
  proc: '/proc',
  reverting: { tscg: ['/bin/false', ''], stateDirectory: '/nonexistent' },
} as const;

/** Where the table is of no matter. */
export const EMPTY_CONTEXT: ActionContext = {
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
  titles: DASHBOARDS.map(({ title }) => title),
  faults: [],
  processes: undefined,
  inside: {},
  historyOf: () => ({ values: [], mosts: [], fold: 1 }),
  seconds: 1,
  raw: undefined,
  drifts: [],
  recreated: new Set(),
  events: () => [],
  recentOomKills: [],
  alerts: [],
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

/** The whole screen of that size, as the state and its dashboard lay it out. */
export const composeAt = (scene: Scene, width: number, height: number): Composed =>
  compose(scene, layoutAt(scene.state, width, height, oomKillsShown(scene).length));

export const layoutAt = (state: State, width: number, height: number, oomKills = 0): Layout =>
  layoutOf({ state, dashboard: DASHBOARDS[state.screen], size: { width, height }, oomKills });

export const composed = (scene: Scene, width: number, height: number): string[] =>
  linesOf(composeAt(scene, width, height));

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
  cgroup: '/',
  children: [],
  ...more,
});

/** Of the row with this inode; all CPU time was used in the last second. */
export function processListOf(inode: number, roots: readonly ProcessNode[], seconds = 1): ProcessList {
  const idle = (nodes: readonly ProcessNode[]): ProcessNode[] =>
    nodes.map((node) => ({ ...node, utimeTicks: 0, stimeTicks: 0, children: idle(node.children) }));
  const before = processTimes(idle(roots), (seconds - 1) * 1000);
  return { inode, roots, left: 0, before, now: processTimes(roots, seconds * 1000), users: new Map(), pace: 0 };
}
