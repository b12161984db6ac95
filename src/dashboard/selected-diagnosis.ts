/**
 * The closer look at the selected row, taken again and again while a pane shows it. One look at a time: that of a row which
 * is selected no more, or not shown, is ended at once.
 */
import { comesInBursts } from '../diagnosis/bursts.ts';
import { diagnose } from '../diagnosis/diagnose.ts';
import { takeLook } from '../diagnosis/look/take.ts';
import type { Finding } from '../diagnosis/model.ts';
import type { Workload } from '../inventory/workload.ts';

export interface DiagnosisLook {
  /** How long a look takes. */
  readonly seconds: number;
  /** Absent until the first look is over. */
  readonly finding?: Finding;
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
  readonly look?: typeof takeLook;
}

const SECONDS = 5;
/** Milliseconds between two looks at one row: half of the time nothing is sampled. */
const PAUSE_MS = 5000;

export function openSelectedDiagnosis({
  mount,
  root = '/',
  proc,
  look = takeLook,
}: SelectedDiagnosisOptions): SelectedDiagnosis {
  let running: { readonly inode: number; readonly abort: AbortController } | undefined;
  let last: { readonly inode: number; readonly finding: Finding; readonly ended: number } | undefined;

  function stop(): void {
    running?.abort.abort();
    running = undefined;
  }

  return {
    read: async (selected, workloads) => {
      const { inode, path, name } = selected;
      if (running?.inode === inode || path === '/') return false;
      stop();
      if (last?.inode === inode && performance.now() < last.ended + PAUSE_MS) return false;
      const mine = { inode, abort: new AbortController() };
      running = mine;
      const { signal } = mine.abort;
      try {
        const victims = [{ path, inode, name }];
        const hierarchy = { mount, root };
        const taken = await look({
          hierarchy,
          proc,
          workloads,
          victims,
          seconds: SECONDS,
          goOn: comesInBursts,
          signal,
        });
        const [finding] = diagnose(taken);
        if (signal.aborted || !finding) return false;
        last = { inode, finding, ended: performance.now() };
        return true;
      } catch (error) {
        if (signal.aborted) return false;
        throw error;
      } finally {
        if (running === mine) running = undefined;
      }
    },
    of: (selected) =>
      selected && {
        seconds: SECONDS,
        ...(last?.inode === selected.inode && { finding: last.finding }),
      },
    stop,
  };
}
