/**
 * Looks that nobody asked for: at the workloads that suffer, while the kernel tells that tasks wait, as far as the budget goes.
 * One look at a time; the same workload again only after a while.
 */

import type { Workload } from '../inventory/workload.ts';
import type { LookBudget } from './look-budget.ts';
import type { Finding, Victim } from './model.ts';

export interface BackgroundLooks {
  /** Looks at those of them whose turn it is, where the budget lets it; resolves when that look is over. */
  consider(sufferers: readonly Victim[], workloads: readonly Workload[]): Promise<void>;
  /** Ends the look that is under way; its victims are looked at again when they are told next. */
  cancel(): void;
}

export interface BackgroundOptions {
  readonly budget: LookBudget;
  readonly look: (
    victims: readonly Victim[],
    workloads: readonly Workload[],
    signal: AbortSignal,
  ) => Promise<readonly Finding[]>;
  readonly onFindings: (findings: readonly Finding[]) => void;
  /** Told once, until a look is made again: of whom there is none, and why. */
  readonly onPutOff: (victims: readonly Victim[], why: string) => void;
  /** Milliseconds between two looks at the same workload. */
  readonly againMs?: number;
  readonly now?: () => number;
}

const AGAIN_MS = 60_000;

export function openBackgroundLooks(options: BackgroundOptions): BackgroundLooks {
  const { budget, look, onFindings, onPutOff, againMs = AGAIN_MS, now = () => performance.now() } = options;
  /** When the last look at it began, by inode. */
  const looked = new Map<number, number>();
  let running: { readonly abort: AbortController; readonly end: () => void } | undefined;
  let isPutOff = false;

  return {
    async consider(sufferers, workloads) {
      if (running) return;
      const time = now();
      for (const [inode, began] of looked) if (time - began >= againMs) looked.delete(inode);
      const due = sufferers.filter(({ inode }) => !looked.has(inode));
      if (due.length === 0) return;
      const end = budget.begin();
      if (!end) {
        const why = budget.reason();
        if (why !== undefined && !isPutOff) onPutOff(due, why);
        isPutOff ||= why !== undefined;
        return;
      }
      isPutOff = false;
      const abort = new AbortController();
      const mine = { abort, end };
      running = mine;
      for (const { inode } of due) looked.set(inode, time);
      try {
        const findings = await look(due, workloads, abort.signal);
        if (!abort.signal.aborted) onFindings(findings);
      } catch (error) {
        if (!abort.signal.aborted) throw error;
        for (const { inode } of due) looked.delete(inode);
      } finally {
        if (running === mine) running = undefined;
        end();
      }
    },
    cancel: () => {
      running?.abort.abort();
      running?.end();
      running = undefined;
    },
  };
}
