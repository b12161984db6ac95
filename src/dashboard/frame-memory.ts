/** What tstop remembers of the Frames that it has seen: figures, events, who was re-created, limits that were changed since. */

import { field } from '../diagnosis/fields.ts';
import { createFindingLog, findingLine } from '../diagnosis/finding-log.ts';
import type { Finding } from '../diagnosis/model.ts';
import type { Drift } from '../limits/applying/drift.ts';
import { createEventLog, type LogEvent } from '../metrics/events.ts';
import { createHistory, type Trace } from '../metrics/history.ts';
import type { Frame, Past } from '../metrics/source.ts';
import { recordedIn } from '../recording/replay.ts';
import { CHARTED } from './chart-view.ts';
import { sortedMetric } from './columns.ts';
import type { Dashboard } from './dashboards.ts';
import { createDriftWatch } from './drift-watch.ts';
import { createRecreations } from './recreated.ts';
import type { State } from './state.ts';

export interface FrameMemory {
  /** Remembers the Frame, and gives what happened since the one before. */
  push(frame: Frame, state: State, visible: ReadonlySet<number>): readonly LogEvent[];
  /** Adds an event that something else has seen. */
  tell(event: LogEvent): void;
  /** Tells that limits of these paths change by our own hand. */
  expect(paths: readonly string[]): void;
  /** Compares the limits that tscg has set with the files. */
  lookForDrifts(): void;
  /** The figures of a row, which end `back` samples before the last. */
  historyOf(inode: number, id: string, samples: number, back: number): Trace;
  recentOomKills(): readonly LogEvent[];
  /** All events, with these findings and those of a recording among them in the order of time. */
  events(findings: readonly Finding[]): readonly LogEvent[];
  /** The last finding about the cgroup with this inode that a recording has up to its last Frame here. */
  recordedFinding(inode: number): Finding | undefined;
  drifts(): readonly Drift[];
  recreated(): ReadonlySet<number>;
}

export interface FrameMemoryOptions {
  readonly dashboards: readonly Dashboard[];
  /** Between two Frames. */
  readonly seconds: number;
  readonly findDrifts: () => readonly Drift[];
  /** Gives the Frames before one of a recording; absent where Frames are of now. */
  readonly before?: Past['before'];
}

const eventOf = (finding: Finding): LogEvent => ({
  time: finding.when,
  kind: 'finding',
  ...{ name: finding.workload.name, path: finding.workload.path },
  text: findingLine(finding),
});

/** Frames that are gone through again where a recording is entered: charts and events then have a past. */
const FRAMES_BEFORE = 60;

export function createFrameMemory({ dashboards, seconds, findDrifts, before }: FrameMemoryOptions): FrameMemory {
  const watch = createDriftWatch(findDrifts);
  const ids = new Set(dashboards.flatMap(({ cells }) => cells.flatMap(({ metrics }) => metrics)));
  let run = openRun(seconds, ids);
  /** When the last Frame was taken. */
  let last: number | undefined;
  const now = (): number => (before && last !== undefined ? last : Date.now());

  /** Begins anew where the Frame does not follow upon the last one, as the display of a recording may go on at any time of it. */
  function enter(frame: Frame, visible: ReadonlySet<number>): void {
    if (!before || (last !== undefined && frame.usage.before?.wall === last)) return;
    run = openRun(seconds, ids);
    for (const earlier of before(frame, FRAMES_BEFORE)) run.push(earlier, visible, earlier.usage.snapshot.wall);
  }

  return {
    push: (frame, state, visible) => {
      const { wall } = frame.usage.snapshot;
      if (before && wall === last) return [];
      const sorted = sortedMetric(state);
      if (sorted !== undefined) ids.add(sorted);
      enter(frame, visible);
      last = wall;
      run.history.track(ids);
      return run.push(frame, visible, now());
    },
    tell: (event) => run.log.tell(event),
    expect: (paths) => run.log.expect(paths, Date.now()),
    lookForDrifts: () => {
      for (const event of watch.look(Date.now())) run.log.tell(event);
    },
    historyOf: (inode, id, samples, back) => run.history.of(inode, id, samples, back),
    recentOomKills: () => run.log.recentOomKills(now()),
    events: (findings) => {
      const all = [...findings, ...run.findings.all()];
      return all.length === 0 ? run.log.all() : [...run.log.all(), ...all.map(eventOf)].sort((a, b) => a.time - b.time);
    },
    recordedFinding: (inode) => run.findings.lastOf(inode),
    drifts: watch.all,
    recreated: () => run.recreations.recent(),
  };
}

/** What is remembered of Frames that follow upon each other. */
function openRun(seconds: number, ids: ReadonlySet<string>) {
  const history = createHistory(CHARTED, seconds, { figuresOf: (usage, id) => field(id).figures(usage) });
  history.track(ids);
  const recreations = createRecreations();
  const log = createEventLog();
  const findings = createFindingLog();
  return {
    ...{ history, recreations, log, findings },
    push: (frame: Frame, visible: ReadonlySet<number>, now: number): readonly LogEvent[] => {
      history.push(frame.usage, visible);
      recreations.push(frame.workloads, now);
      const { findings: found = [], events = [] } = recordedIn(frame)?.moment ?? {};
      findings.add(found);
      for (const event of events) if (event.kind === 'finding' || event.kind === 'alert') log.tell(event);
      return log.push(frame);
    },
  };
}
