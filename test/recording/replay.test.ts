/**
 * A replay shows what was seen: one run is drawn live and recorded at once, and the replay of the recording draws the same
 * screens at the same moments. What differs is said at `agree`, `partsOf` and `withoutTimesOfProcesses`, and nothing else does.
 */

import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onScreen } from '../../src/dashboard/after-action.ts';
import { compose } from '../../src/dashboard/compose.ts';
import { NOT_RECORDED } from '../../src/dashboard/elsewhere.ts';
import { createFrameMemory, type FrameMemory } from '../../src/dashboard/frame-memory.ts';
import type { Size } from '../../src/dashboard/layout.ts';
import { withRecorded } from '../../src/dashboard/recorded.ts';
import type { Scene } from '../../src/dashboard/scene.ts';
import { sceneMaker } from '../../src/dashboard/scene-maker.ts';
import { openSelectedReader, type SelectedReader } from '../../src/dashboard/selected.ts';
import { openSession, type Session } from '../../src/dashboard/session.ts';
import { INITIAL, type State } from '../../src/dashboard/state.ts';
import { update } from '../../src/dashboard/update.ts';
import type { View } from '../../src/dashboard/view.ts';
import { createFindingLog } from '../../src/diagnosis/finding-log.ts';
import { createLookBudget } from '../../src/diagnosis/look-budget.ts';
import type { Finding } from '../../src/diagnosis/model.ts';
import type { LogEvent } from '../../src/metrics/events.ts';
import { type Frame, openLiveSource } from '../../src/metrics/source.ts';
import { createMomentTaker, headerOfMachine } from '../../src/recording/recorder.ts';
import { openRecording } from '../../src/recording/recording.ts';
import { openReplay } from '../../src/recording/replay.ts';
import { openRecordingStore } from '../../src/recording/store.ts';
import { GOLDEN_SCREENS, GOLDEN_SIZES } from '../dashboard/golden-screens.ts';
import { DASHBOARDS, plainText } from '../dashboard/scenes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { HELD_UP, KILLED, machineOfFiles } from './machine-of-files.ts';

const SECONDS = 1;
/** The inventory looks at all anew in every tenth. */
const FRAMES = 23;
/** Frames that are drawn: before anything was found, amid what happens, and at the end. */
const DRAWN: readonly number[] = [3, 9, 12, FRAMES - 1];
const [FOUND, ALERTED] = [6, 7];
const SIZE: Size = { width: 200, height: 60 };

const SCREENS: Readonly<Record<string, Partial<State>>> = {
  ...GOLDEN_SCREENS,
  charts: { charts: true },
  'explain cpu': { modal: { kind: 'explain', slot: 'cpu_percent', top: 0 } },
};

/** What one viewer has seen of the run, by Frame, screen and size. */
type Seen = Map<string, Parts>;

interface Parts {
  readonly header: readonly string[];
  /** Lines by what they are part of, and what the charts are drawn from. */
  readonly figures: Readonly<Record<string, readonly string[]>>;
}

interface Viewer {
  readonly memory: FrameMemory;
  readonly selected: SelectedReader;
  readonly findings?: ReturnType<typeof createFindingLog>;
}

const viewer = (before?: Parameters<typeof createFrameMemory>[0]['before']): Viewer => {
  const options = { dashboards: DASHBOARDS, seconds: SECONDS, findDrifts: () => [] };
  const memory = createFrameMemory({ ...options, ...(before && { before }) });
  return { memory, selected: withRecorded(undefined, memory.recordedFinding) };
};

/** What tstop shows of that Frame on every screen, in the instant in which it was taken. */
async function look({ memory, selected, findings }: Viewer, frame: Frame, number: number, seen: Seen): Promise<void> {
  const inode = frame.workloads.find(({ path }) => path === HELD_UP)?.inode;
  const looks = findings && { log: findings };
  const sceneOf = sceneMaker({ dashboards: DASHBOARDS, faults: [], seconds: SECONDS, memory, selected, looks });
  const now = Date.now;
  for (const [name, changes] of Object.entries(SCREENS)) {
    for (const [width, height] of GOLDEN_SIZES) {
      const state = { ...onScreen(INITIAL, changes.screen ?? 0, DASHBOARDS), ...changes, selected: inode };
      const session = sessionOf(frame, state, { width, height }, memory);
      await selected.readExplained(session);
      Date.now = () => frame.usage.snapshot.wall;
      try {
        const scene = withoutTimesOfProcesses(sceneOf(session), frame);
        seen.set(`Frame ${number}, ${name} at ${width}x${height}`, partsOf(compose(scene, session.layout).view));
      } finally {
        Date.now = now;
      }
    }
  }
}

function sessionOf(frame: Frame, state: State, size: Size, memory: FrameMemory): Session {
  const surroundings = { dashboards: DASHBOARDS, isReadOnly: true, isLive: true };
  const session = { ...openSession(state, size, surroundings), hasMoved: true };
  const recentOomKills = memory.recentOomKills();
  return update(session, { type: 'frame', frame, news: [], recentOomKills }, surroundings).session;
}

/**
 * The recorder reads the processes every 5 s and tstop in a turn of its own, so that they have other rates and times; and the
 * names of their users are in files that no recording has.
 */
function withoutTimesOfProcesses(scene: Scene, { usage }: Frame): Scene {
  const { processes } = scene;
  if (!processes) return scene;
  const now = { ...processes.now, time: usage.snapshot.monotonic };
  return { ...scene, processes: { ...processes, before: undefined, now, users: new Map() } };
}

/** Without the footer: a recording has keys of its own there. */
function partsOf({ header, table, panes, charts, spark, overlay }: View): Parts {
  const chartTexts = charts.map(({ title, series, ages }) => [
    plainText(title),
    ...series.map(({ label, values }) => `${label} ${values.join(' ')}`),
    ages.join(' '),
  ]);
  return {
    header: header.lines.map(plainText),
    figures: {
      table: table.lines.map(plainText),
      ...Object.fromEntries(panes.map(({ lines }, index) => [`pane ${index}`, lines.map(plainText)])),
      charts: chartTexts.flat(),
      spark: spark ? [spark.title, spark.values.join(' ')] : [],
      overlay: (overlay ?? []).map(plainText),
    },
  };
}

/** A pane of what is read of the selected row alone, as it runs; it is not read here. */
const isUnread = ([title = '', line = '']: readonly string[]): boolean =>
  title.includes('reading …') || line.startsWith('looks closer');

/** In the pane of the container: the network is read of a running machine alone. */
const withoutNetwork = (line: string): string => line.replace(/(reading …|not in a recording) *$/, '');

/** Of a file a recording has the keys that are columns, so that what else is in it is not shown. */
const isOfFile = (line: string): boolean => /^( {2}|… \d+ more)/.test(line);

function agree(live: Parts, replayed: Parts, what: string): void {
  // The header says besides of which moment and machine it is, what the replay costs, and that the other cost is that of the recorder.
  const [first, second = ''] = replayed.header;
  assert.is(first, live.header[0], `${what}: header`);
  const figures = second.replace(/recorded \S+ \S+ on \S+ {2}/, '').replace(/tstop \S+ \S+ {2}recorder /, 'tstop ');
  assert.ok((live.header[1] ?? '').startsWith(figures.trimEnd()), `${what}: ${figures} in ${live.header[1]}`);
  assert.equal(Object.keys(replayed.figures), Object.keys(live.figures), what);
  for (const [part, lines] of Object.entries(replayed.figures)) {
    const seen = (live.figures[part] ?? []).map(withoutNetwork);
    if (isUnread(seen)) {
      assert.match(lines.join('\n'), NOT_RECORDED, what);
      continue;
    }
    if (part !== 'overlay' || !what.includes('explain')) {
      assert.equal(lines.map(withoutNetwork), seen, `${what}: ${part}`);
      continue;
    }
    const isKept = (line: string): boolean => !isOfFile(line);
    assert.equal(lines.filter(isKept), seen.filter(isKept), `${what}: ${part}`);
    for (const line of lines.filter((one) => isOfFile(one) && !one.includes('…')))
      assert.ok(seen.includes(line), `${what}: ${line} in ${seen.join('\n')}`);
  }
}

const findingOf = ({ workloads, usage }: Frame): Finding => ({
  workload: {
    ...{ path: HELD_UP, name: 'throttled' },
    inode: workloads.find(({ path }) => path === HELD_UP)?.inode ?? 0,
  },
  // A look takes a while: what happened meanwhile was told before it ended.
  when: usage.snapshot.wall - 40,
  window: 5,
  verdicts: [
    { cause: 'own-cpu-quota', loss: 912, sentence: 'its quota holds it up', figures: [], suspects: [], remedies: [] },
  ],
  source: 'files',
  missing: ['no schedstat'],
});

const alertOf = ({ usage }: Frame): LogEvent => ({
  ...{ time: usage.snapshot.wall, kind: 'alert', name: 'oom', path: KILLED, text: 'memory > 1 for 1s fires' },
});

/** Draws the run as it goes on, and records it into that folder. */
async function runLive(directory: string, folder: string, seen: Seen): Promise<readonly LogEvent[]> {
  const machine = machineOfFiles(join(directory, 'machine'));
  const { proc, hierarchy } = machine;
  const source = openLiveSource({ ...machine, watch: true });
  const findings = createFindingLog();
  const { memory } = viewer();
  const looks = { log: findings, budget: createLookBudget(), cancel: () => undefined };
  const guarded = async (_: string, work: () => Promise<void>): Promise<void> => work();
  const selected = openSelectedReader({ hierarchy, proc, looks, onNews: () => undefined, guarded });
  const store = openRecordingStore({
    ...{ directory: folder, bounds: { keepFor: 3_600_000, keepSize: 1 << 30, minFree: 0 } },
    header: headerOfMachine(proc, 'tscg 0.1.0', SECONDS * 1000),
  });
  let frame: Frame | undefined;
  let number = 0;
  const take = createMomentTaker({
    source: {
      ...source,
      next: async (demand) => {
        machine.pass(number);
        frame = await source.next(demand);
        return frame;
      },
    },
    journal: { path: join(directory, 'journal'), read: () => ({ changes: [], unreadable: 0 }) },
    mount: hierarchy.mount,
    proc,
    looks: {
      afterFrame: async () => undefined,
      take: () => ({ findings: number === FOUND && frame ? [findingOf(frame)] : [], events: [] }),
    },
    alerts: { after: (of) => (number === ALERTED ? [alertOf(of)] : []), networkOf: () => [] },
    onTrouble: (_, error) => {
      throw error;
    },
  });
  for (; number < FRAMES; number++) {
    store.add(await take());
    if (!frame) throw new Error('no Frame');
    if (number === FOUND) findings.add([findingOf(frame)]);
    if (number === ALERTED) memory.tell(alertOf(frame));
    memory.push(frame, INITIAL, new Set());
    if (!DRAWN.includes(number)) continue;
    const session = sessionOf(frame, { ...INITIAL, selected: findingOf(frame).workload.inode }, SIZE, memory);
    await selected.readProcesses(session);
    await look({ memory, selected, findings }, frame, number, seen);
  }
  store.close();
  source.close();
  return memory.events(findings.all());
}

test('a replay draws what was drawn live, played or jumped to', async () => {
  const directory = temporaryFolder();
  const [folder, live]: [string, Seen] = [join(directory, 'recording'), new Map()];
  const events = await runLive(directory, folder, live);
  const happened = new Set(events.map(({ kind }) => kind));
  for (const kind of ['oom', 'throttled', 'finding', 'alert', 'limit', 'thawed', 'new', 'gone'] as const)
    assert.ok(happened.has(kind), `${kind} in ${[...happened]}`);
  const replay = openReplay(openRecording(folder));
  const [played, times]: [Seen, number[]] = [new Map(), []];
  const player = viewer(replay.past.before);
  for (let number = 0; number < FRAMES; number++) {
    const frame = await replay.next();
    times.push(frame.usage.snapshot.wall);
    player.memory.push(frame, INITIAL, new Set());
    if (DRAWN.includes(number)) await look(player, frame, number, played);
  }
  const jumped: Seen = new Map();
  const jumper = viewer(replay.past.before);
  for (const number of [...DRAWN].reverse()) {
    const frame = await replay.past.seek(times[number] ?? 0);
    jumper.memory.push(frame, INITIAL, new Set());
    await look(jumper, frame, number, jumped);
  }
  replay.close();
  assert.is(live.size, DRAWN.length * Object.keys(SCREENS).length * GOLDEN_SIZES.length);
  for (const [how, seen] of Object.entries({ played, jumped })) {
    assert.is(seen.size, live.size);
    for (const [what, parts] of live) agree(parts, seen.get(what) ?? parts, `${how}: ${what}`);
  }
});

test.run();
