/** What tstop remembers of the Frames that it has seen: figures, events, who was re-created, limits that were changed since. */
import { field } from '../diagnosis/fields.ts';
import { findingLine } from '../diagnosis/finding-log.ts';
import type { Finding } from '../diagnosis/model.ts';
import type { Drift } from '../limits/applying/drift.ts';
import { createEventLog, type LogEvent } from '../metrics/events.ts';
import { createHistory, type Trace } from '../metrics/history.ts';
import type { Frame } from '../metrics/source.ts';
import { CHARTED } from './chart-view.ts';
import { sortedMetric } from './columns.ts';
import type { Dashboard } from './dashboards.ts';
import { createDriftWatch } from './drift-watch.ts';
import { createRecreations } from './recreated.ts';
import type { State } from './state.ts';

export interface Memory {
  /** Remembers what it shows; gives what happened since the Frame before. */
  push(frame: Frame, state: State, visible: ReadonlySet<number>): readonly LogEvent[];
  /** An event that something else saw. */
  tell(event: LogEvent): void;
  /** Limits of these paths change by our own hand. */
  expect(paths: readonly string[]): void;
  /** Compares the limits that tscg has set with the files. */
  lookForDrifts(): void;
  /** The figures of a row, up to so many samples before the last. */
  historyOf(inode: number, id: string, samples: number, back: number): Trace;
  recentOomKills(): readonly LogEvent[];
  /** Those findings among them. */
  events(findings: readonly Finding[]): readonly LogEvent[];
  drifts(): readonly Drift[];
  recreated(): ReadonlySet<number>;
}

export interface MemoryOptions {
  readonly dashboards: readonly Dashboard[];
  /** Between two Frames. */
  readonly seconds: number;
  readonly findDrifts: () => readonly Drift[];
}

const eventOf = (finding: Finding): LogEvent => ({
  time: finding.when,
  kind: 'finding',
  ...{ name: finding.workload.name, path: finding.workload.path },
  text: findingLine(finding),
});

export function createMemory({ dashboards, seconds, findDrifts }: MemoryOptions): Memory {
  const history = createHistory(CHARTED, seconds, { figuresOf: (usage, id) => field(id).figures(usage) });
  history.track(dashboards.flatMap(({ cells }) => cells.flatMap(({ metrics }) => metrics)));
  const recreations = createRecreations();
  const log = createEventLog();
  const watch = createDriftWatch(findDrifts);
  return {
    push: (frame, state, visible) => {
      const sorted = sortedMetric(state);
      if (sorted !== undefined) history.track([sorted]);
      history.push(frame.usage, visible);
      recreations.push(frame.workloads, Date.now());
      return log.push(frame);
    },
    tell: log.tell,
    expect: (paths) => log.expect(paths, Date.now()),
    lookForDrifts: () => {
      for (const event of watch.look(Date.now())) log.tell(event);
    },
    historyOf: history.of,
    recentOomKills: () => log.recentOomKills(Date.now()),
    events: (findings) =>
      findings.length === 0 ? log.all() : [...log.all(), ...findings.map(eventOf)].sort((a, b) => a.time - b.time),
    drifts: watch.all,
    recreated: recreations.recent,
  };
}
