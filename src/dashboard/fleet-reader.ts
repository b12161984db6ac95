/**
 * What is asked of a store about the selected row alone: all its figures while a pane shows them, and the past that charts
 * show.
 */

import { type FleetFrame, fleetIn } from '../fleet/frame.ts';
import { type RowHistory, traceIn } from '../fleet/history.ts';
import type { RowLabels } from '../fleet/queries.ts';
import type { FleetSource } from '../fleet/source.ts';
import type { Trace } from '../metrics/history.ts';
import { CHARTED, SPANS } from './chart-view.ts';
import { sortedMetric } from './columns.ts';
import type { Guarded } from './inside.ts';
import { selectedWorkload } from './scene.ts';
import type { SelectedReader } from './selected.ts';
import type { Session } from './session.ts';

export interface FleetReader extends SelectedReader {
  /** Figures of a row up to the Frame on the screen; undefined where the store was not asked for them. */
  historyOf(session: Session, inode: number, id: string, samples: number): Trace | undefined;
}

export interface FleetReaderOptions {
  readonly source: Pick<FleetSource, 'whole' | 'history'>;
  /** Metrics that charts of the screens show. */
  readonly charted: Iterable<string>;
  /** Between two samples. */
  readonly seconds: number;
  readonly onNews: () => void;
  readonly guarded: Guarded;
}

/** Which row, and as of which time: milliseconds since the epoch. */
interface Wanted {
  readonly inode: number;
  readonly row: RowLabels;
  readonly time: number;
}

/**
 * What was asked for last. `answer` is that of the question before, if that was about the same row, until the new one is
 * there.
 */
interface Asked<Answer> {
  /** The question as text. The same one is not asked again, not even if it failed, until another one was asked. */
  readonly key: string;
  readonly inode: number;
  readonly answer: Answer | undefined;
}

export function openFleetReader({ source, charted, seconds, onNews, guarded }: FleetReaderOptions): FleetReader {
  const ids = new Set([...CHARTED, ...charted]);
  const whole = createOneAtATime<FleetFrame>(onNews, (work) => guarded('figures', work, 'whole'));
  const history = createOneAtATime<RowHistory>(onNews, (work) => guarded('history', work));

  return {
    readProcesses: async () => undefined,
    readExplained: async () => undefined,
    look(session, parts) {
      const wanted = wantedIn(session);
      if (!wanted) return;
      const { inode, row, time } = wanted;
      if (parts.has('whole')) whole.want(inode, `${inode} ${time}`, () => source.whole(row, time));
      const sorted = sortedMetric(session.state);
      if (sorted !== undefined) ids.add(sorted);
      const span = SPANS[session.state.span] ?? SPANS[0];
      history.want(inode, `${inode} ${time} ${span} ${ids.size}`, () => source.history(row, ids, span, time));
    },
    of: (session) => ({
      processes: undefined,
      inside: { whole: whole.of(selectedWorkload(session)?.inode) },
      raw: undefined,
    }),
    historyOf(session, inode, id, samples) {
      const known = history.of(inode)?.get(id);
      const time = session.frame?.usage.snapshot.wall;
      return known && time !== undefined ? traceIn(known, { end: time / 1000, samples, seconds }) : undefined;
    },
    close: () => undefined,
  };
}

function wantedIn(session: Session): Wanted | undefined {
  const { frame } = session;
  const inode = selectedWorkload(session)?.inode;
  const at = frame?.workloads.findIndex((workload) => workload.inode === inode) ?? -1;
  const row = fleetIn(frame)?.rows[at];
  return frame && row && inode !== undefined ? { inode, row, time: frame.usage.snapshot.wall } : undefined;
}

/** Asks one question at a time. Of the questions that come meanwhile only the last is asked, after that. */
function createOneAtATime<Answer>(onNews: () => void, guarded: (work: () => Promise<void>) => Promise<void>) {
  let last: Asked<Answer> | undefined;
  let isAsking = false;
  let next: (() => void) | undefined;

  function want(inode: number, key: string, ask: () => Promise<Answer>): void {
    if (last?.key === key) return;
    if (isAsking) {
      next = () => want(inode, key, ask);
      return;
    }
    isAsking = true;
    last = { key, inode, answer: last?.inode === inode ? last.answer : undefined };
    void guarded(async () => {
      last = { key, inode, answer: await ask() };
      onNews();
    }).finally(() => {
      isAsking = false;
      const then = next;
      next = undefined;
      then?.();
    });
  }

  return { want, of: (inode: number | undefined) => (last?.inode === inode ? last?.answer : undefined) };
}
