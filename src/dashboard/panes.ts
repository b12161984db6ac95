/** The panes there are: a new one is its file and a row here. A dashboard file refers to it by its key. */

import { containerView } from './container-view.ts';
import { driftLines } from './drift-watch.ts';
import { ALL_EVENTS, eventLine, eventsView } from './events-view.ts';
import { filesystemView } from './filesystem-view.ts';
import { namespacesView } from './namespaces-view.ts';
import { neighboursView } from './neighbours-view.ts';
import { networkView } from './network-view.ts';
import type { Pane, PaneRoom } from './pane.ts';
import { processView } from './process-view.ts';
import { eventsOf, isSortedByMemory, type Scene, selectedItem, selectedWorkload, treeNote } from './scene.ts';
import { type Line, wrappedAll } from './style.ts';

export const PROCESSES: Pane = {
  key: 'processes',
  title: 'Processes',
  demands: [],
  partOf: 'container',
  render: processLines,
};

export const CONTAINER: Pane = {
  key: 'container',
  title: 'Container',
  demands: ['network', 'devices', 'limits'],
  hasWholeWindow: true,
  render: containerLines,
};

export const PANES: readonly Pane[] = [
  PROCESSES,
  CONTAINER,
  {
    key: 'namespaces',
    title: 'Namespaces',
    demands: ['namespaces'],
    hasWholeWindow: true,
    render: (scene, { width }) => namespacesView(selectedWorkload(scene), scene.inside.namespaces, width),
  },
  {
    key: 'network',
    title: 'Network',
    demands: ['network'],
    hasWholeWindow: true,
    render: (scene, { width }) => networkView(selectedWorkload(scene), scene.inside.network, width),
  },
  {
    key: 'filesystem',
    title: 'File system',
    demands: ['filesystem'],
    hasWholeWindow: true,
    render: (scene, { width, height }) =>
      filesystemView(selectedWorkload(scene), scene.inside.filesystem, width, height),
  },
  {
    key: 'neighbours',
    title: 'Neighbours',
    demands: ['diagnosis'],
    hasWholeWindow: true,
    render: (scene, { width }) => neighboursView(selectedWorkload(scene), scene.inside.diagnosis, width),
  },
  {
    key: 'events',
    title: 'Events',
    demands: [],
    allBy: 'v shows all',
    render: (scene, { width }) => wrappedAll(eventsView(eventsOf(scene), ALL_EVENTS, ''), width),
  },
];

function processLines(scene: Scene, { width }: PaneRoom): Line[] {
  const { state, processes } = scene;
  return processView(selectedWorkload(scene), processes, width, {
    kernelThreads: state.kernelThreads,
    byMemory: isSortedByMemory(state),
    note: treeNote(scene),
  });
}

/** Events of the row that the pane has lines for. */
const MOST_EVENTS = 3;

/** With the processes below, unless they have a pane of their own. */
function containerLines(scene: Scene, room: PaneRoom): Line[] {
  const { frame, inside, drifts } = scene;
  const workload = selectedWorkload(scene);
  const item = selectedItem(scene);
  if (!frame || !workload || !item) return processLines(scene, room);
  const about = [...containerView(frame, item.row, workload, inside), ...driftLines(drifts, workload)];
  const lastEvents = eventsOf(scene)
    .filter(({ path }) => path === workload.path)
    .slice(-MOST_EVENTS);
  const lines = wrappedAll([...about, ...lastEvents.map(eventLine)], room.width);
  if (room.beside.includes(PROCESSES.key)) return lines;
  const note = treeNote(scene);
  return [...lines, note === '' ? [] : [[note, 'warning']], ...processLines(scene, room).slice(1)];
}
