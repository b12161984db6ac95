/** The screens that are compared as a whole: what tstop was told to show, by name, and at which sizes. */

import { onScreen } from '../../src/dashboard/after-action.ts';
import { INITIAL, type State } from '../../src/dashboard/state.ts';
import type { View } from '../../src/dashboard/view.ts';
import type { Finding } from '../../src/diagnosis/model.ts';
import { frameOf } from './frames.ts';
import { insideOf } from './insides.ts';
import { composeAt, DASHBOARDS, sceneOf } from './scenes.ts';

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

const shop = {
  details: {
    runtime: 'docker' as const,
    id: 'd1',
    name: 'db',
    composeProject: 'shop',
    image: 'postgres:16',
    state: 'running',
    networkMode: 'bridge',
    ipAddresses: ['172.17.0.2'],
    storageDriver: 'overlay2',
  },
};

const FRAME = frameOf([
  { name: 'system.slice', cpu: 70, kind: 'slice' },
  {
    name: 'db',
    cpu: 40,
    memory: 2 ** 28,
    path: '/system.slice/db',
    facts: { ...shop, runtime: 'docker', image: 'postgres:16' },
  },
  {
    name: 'web',
    cpu: 20,
    memory: 2 ** 26,
    path: '/system.slice/web',
    facts: { ...shop, runtime: 'docker', image: 'nginx' },
  },
  { name: '數據庫-with-a-very-long-name-that-is-cut', cpu: 180.4, memory: 3 * 2 ** 30 },
  { name: 'blind', cpu: 3 },
  { name: 'hollow', cpu: 0, populated: false },
]);

const web = FRAME.workloads[2] ?? { path: '', inode: 0, name: '', kind: 'container' };

const FINDING: Finding = {
  ...{ workload: web, when: 0, window: 5, source: 'ebpf', missing: ['no io.stat'] },
  verdicts: [
    {
      ...{ cause: 'cpu-wait', loss: 312, sentence: 'it waits for a CPU behind db for 312 ms of each second' },
      figures: [{ id: 'run_delay', value: 318, unit: 'ms_per_second', source: 'schedstat' }],
      suspects: [
        {
          ...{ what: 'workload', path: '/system.slice/db', name: 'db', blame: 0.92, confidence: 0.9 },
          evidence: 'used 0.74 CPUs while it waited, where its share is 0.50 CPUs',
        },
      ],
      remedies: [
        {
          path: web.path,
          name: 'web',
          limits: { '--cpu-weight': '400' },
          words: 'give it more weight; nobody is capped',
        },
      ],
    },
    {
      ...{ cause: 'disk', loss: 104, sentence: 'it waits for vda, which others keep busy', refusal: 'no suspect' },
      ...{ figures: [], suspects: [], remedies: [] },
    },
  ],
};

/** The picture of one Frame, in which a workload has a finding. */
export function goldenView(changes: Partial<State>, width: number, height: number): View {
  const state = { ...onScreen({ ...INITIAL, selected: 4 }, changes.screen ?? 0, DASHBOARDS), ...changes };
  const scene = sceneOf(FRAME, state, {
    inside: { ...insideOf(web, FRAME.workloads), diagnosis: { seconds: 5, finding: FINDING } },
    historyOf: (_, id) => {
      const values = id === 'cpu_percent' ? [10, 20, 40] : [];
      return { values, mosts: values, fold: 1 };
    },
    recreated: new Set([4]),
    events: () => [{ time: Date.now(), kind: 'oom', name: 'db', path: '/system.slice/db', text: 'killed' }],
  });
  return composeAt(scene, width, height).view;
}
