/** The panes there are: a new one is its file and a row here. A dashboard file refers to it by its key. */

import { madeFrom } from '../metrics/made-from.ts';
import { recordedIn } from '../recording/replay.ts';
import { containerView } from './container-view.ts';
import { driftLines } from './drift-watch.ts';
import { elsewhereView, type Local, unrecordedView } from './elsewhere.ts';
import { ALL_EVENTS, eventLine, eventsView } from './events-view.ts';
import { filesystemView } from './filesystem-view.ts';
import { namespacesView } from './namespaces-view.ts';
import { neighboursView } from './neighbours-view.ts';
import { networkView } from './network-view.ts';
import type { Pane, PaneRoom } from './pane.ts';
import { processView } from './process-view.ts';
import { eventsOf, isSortedByMemory, type Scene, selectedItem, selectedWorkload, treeNote } from './scene.ts';
import { type Line, wrappedAll } from './style.ts';

const LOCAL_PROCESSES: Local = { what: 'processes', command: () => ['tstop'] };

export const PROCESSES: Pane = {
  key: 'processes',
  title: 'Processes',
  demands: [],
  partOf: 'container',
  local: LOCAL_PROCESSES,
  render: processLines,
};

export const CONTAINER: Pane = {
  key: 'container',
  title: 'Container',
  demands: ['network', 'devices', 'limits', 'whole'],
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
    local: { what: 'namespaces', command: (name) => ['tscg', 'ns', name] },
    render: (scene, { width }) => namespacesView(selectedWorkload(scene), scene.inside.namespaces, width),
  },
  {
    key: 'network',
    title: 'Network',
    demands: ['network'],
    hasWholeWindow: true,
    local: { what: 'network', command: () => ['tstop', '--dashboard', 'network'] },
    render: (scene, { width }) => networkView(selectedWorkload(scene), scene.inside.network, width),
  },
  {
    key: 'filesystem',
    title: 'File system',
    demands: ['filesystem'],
    hasWholeWindow: true,
    local: { what: 'file system', command: (name) => ['tscg', 'fs', name] },
    render: (scene, { width, height }) =>
      filesystemView(selectedWorkload(scene), scene.inside.filesystem, width, height),
  },
  {
    key: 'neighbours',
    title: 'Neighbours',
    demands: ['diagnosis'],
    hasWholeWindow: true,
    local: { what: 'neighbours', command: (name) => ['tscg', 'why', name] },
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

/** What a pane shows of the selected row. */
export function linesOf(pane: Pane, scene: Scene, room: PaneRoom): readonly Line[] {
  const { local, render } = pane;
  const workload = selectedWorkload(scene);
  if (!local || !workload) return render(scene, room);
  if (workload.host !== undefined) return elsewhereView(workload, local, room.width);
  return isUnrecorded(pane, scene) ? unrecordedView(workload, local) : render(scene, room);
}

/** Whether it tells of a running machine alone: in a recording nothing is read, however long one waits. */
const isUnrecorded = ({ demands }: Pane, { frame, inside }: Scene): boolean =>
  recordedIn(frame) !== undefined && demands.length > 0 && demands.every((part) => inside[part] === undefined);

const lastProcessLines = madeFrom<Line[]>();

function processLines(scene: Scene, { width, height, top }: PaneRoom): Line[] {
  const { processes, state } = scene;
  const { kernelThreads } = state;
  const [workload, byMemory, note] = [selectedWorkload(scene), isSortedByMemory(state), treeNote(scene)];
  return lastProcessLines([workload, processes, width, height, top, kernelThreads, byMemory, note], () =>
    processView(workload, processes, width, { kernelThreads, byMemory, note, window: { top, height } }),
  );
}

/** Events of the row that the pane has lines for. */
const MOST_EVENTS = 3;

/** All about the row, with its processes below, unless they have a pane of their own. */
function containerLines(scene: Scene, room: PaneRoom): Line[] {
  const { frame, inside, drifts } = scene;
  const workload = selectedWorkload(scene);
  const item = selectedItem(scene);
  if (!frame || !workload || !item) return processLines(scene, room);
  // The Frame has of a row of another machine only what the table shows; `whole` has all of it.
  const { whole } = inside;
  const own = whole ? containerView(whole, 0, workload, inside) : containerView(frame, item.row, workload, inside);
  const about = [...own, ...driftLines(drifts, workload)];
  const lastEvents = eventsOf(scene)
    .filter(({ path, host }) => path === workload.path && host === workload.host)
    .slice(-MOST_EVENTS);
  const lines = wrappedAll([...about, ...lastEvents.map(eventLine)], room.width);
  if (room.beside.includes(PROCESSES.key)) return lines;
  if (workload.host !== undefined) return [...lines, [], ...elsewhereView(workload, LOCAL_PROCESSES, room.width)];
  const note = treeNote(scene);
  return [...lines, note === '' ? [] : [[note, 'warning']], ...processLines(scene, room).slice(1)];
}
