/** The screens that are compared as a whole: what tstop was told to show, by name, and at which sizes. */

import type { State } from '../../src/dashboard/state.ts';
import { DASHBOARDS } from './scenes.ts';

export const GOLDEN_SIZES = [
  [200, 60],
  [80, 24],
  [40, 12],
] as const;

export const GOLDEN_SCREENS: Readonly<Record<string, Partial<State>>> = {
  overview: {},
  tree: { grouping: 'tree', tagged: new Set([2]) },
  projects: { grouping: 'project', follow: { key: 4, place: 'docker  web', name: 'web' } },
  container: { details: true, selected: 2 },
  explain: { selected: 2, modal: { kind: 'explain', slot: 'memory_of_limit_percent', top: 0 } },
  events: { modal: { kind: 'events', show: 'all kinds', text: '', top: 0 } },
  query: { filter: 'cpu > ', prompt: 'filter' },
  'screen-container': { screen: 1, selected: 2 },
  pressure: { screen: 2 },
  cpu: { screen: 3 },
  memory: { screen: 4 },
  io: { screen: 5 },
  network: { screen: 6, selected: 3 },
  namespaces: { screen: 7, selected: 3 },
  filesystem: { screen: 8, selected: 3 },
  neighbours: { screen: DASHBOARDS.findIndex(({ name }) => name === 'neighbours'), selected: 3 },
  'whole-network': { screen: 6, selected: 3, details: true },
  'whole-filesystem': { screen: 8, selected: 3, details: true },
};
