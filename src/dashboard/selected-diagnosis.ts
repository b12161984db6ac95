/**
 * The closer look at the selected row, taken again and again while a pane shows it. One look at a time: that of a row which
 * is selected no more, or not shown, is ended at once.
 */

import { LOOK_SECONDS, lookCloser } from '../diagnosis/look-closer.ts';
import type { Finding } from '../diagnosis/model.ts';
import type { SharedLooks } from '../diagnosis/trouble-watch.ts';
import type { Workload } from '../inventory/workload.ts';

export interface DiagnosisLook {
  /** How long a look takes. */
  readonly seconds: number;
  /** Absent until the first look is over. */
  readonly finding?: Finding;
  /** Why there is no look now, where the budget is used up. */
  readonly putOff?: string;
}

export interface SelectedDiagnosis {
  /** Looks where that is due; true where there is a new finding. */
  read(selected: Workload, workloads: readonly Workload[]): Promise<boolean>;
  of(selected: Workload | undefined): DiagnosisLook | undefined;
  /** Ends the look that is under way. */
  stop(): void;
}

export interface SelectedDiagnosisOptions {
  readonly mount: string;
  readonly root?: string;
  readonly proc: string;
  readonly looks: SharedLooks;
  readonly look?: typeof lookCloser;
}

/** Milliseconds between two looks at one row: half of the time nothing is sampled. */
const PAUSE_MS = 5000;
/** Milliseconds from which on a finding about the same row is kept beside the one before. */
const KEPT_ANEW_MS = 60_000;

export function openSelectedDiagnosis({
  mount,
  root = '/',
  proc,
  looks,
  look = lookCloser,
}: SelectedDiagnosisOptions): SelectedDiagnosis {
  let running: { readonly inode: number; readonly abort: AbortController; readonly end: () => void } | undefined;
  let putOff: { readonly inode: number; readonly why: string } | undefined;
  let last: { readonly inode: number; readonly finding: Finding; readonly ended: number } | undefined;

  function stop(): void {
    running?.abort.abort();
    running?.end();
    running = undefined;
  }

  return {
    read: async (selected, workloads) => {
      const { inode, path, name } = selected;
      if (running?.inode === inode || path === '/') return false;
      stop();
      if (last?.inode === inode && performance.now() < last.ended + PAUSE_MS) return false;
      looks.cancel();
      const end = looks.budget.begin();
      if (!end) {
        const why = looks.budget.reason();
        const isNew = why !== undefined && putOff?.inode !== inode;
        putOff = why === undefined ? undefined : { inode, why };
        return isNew;
      }
      putOff = undefined;
      const mine = { inode, abort: new AbortController(), end };
      running = mine;
      const { signal } = mine.abort;
      try {
        const [finding] = await look({
          hierarchy: { mount, root },
          proc,
          workloads,
          victims: [{ path, inode, name }],
          signal,
        });
        if (signal.aborted || !finding) return false;
        last = { inode, finding, ended: performance.now() };
        const kept = looks.log.lastOf(inode);
        if (!kept || finding.when - kept.when >= KEPT_ANEW_MS) looks.log.add([finding]);
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        throw error;
      } finally {
        if (running === mine) running = undefined;
        end();
      }
    },
    of: (selected) => {
      if (!selected) return undefined;
      const { inode } = selected;
      const finding = last?.inode === inode ? last.finding : looks.log.lastOf(inode);
      return {
        seconds: LOOK_SECONDS,
        ...(finding && { finding }),
        ...(putOff?.inode === inode && { putOff: putOff.why }),
      };
    },
    stop,
  };
}
