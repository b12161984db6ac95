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
  /**
   * Twice as long after each look that names the same causes and suspects as the one before it, up to so many milliseconds; by
   * default it stays the same.
   */
  readonly longestMs?: number;
  readonly now?: () => number;
}

const AGAIN_MS = 60_000;

/** The last look at a workload. */
interface Looked {
  readonly began: number;
  /** Milliseconds until the next one. */
  readonly wait: number;
  /** The trouble that it found. */
  readonly found: string;
}

/** The causes and suspects of a Finding: two of the same trouble have the same. */
const troubleOf = (finding: Finding | undefined): string =>
  JSON.stringify((finding?.verdicts ?? []).map(({ cause, suspects }) => [cause, ...suspects.map(({ path }) => path)]));

export function openBackgroundLooks(options: BackgroundOptions): BackgroundLooks {
  const { budget, look, onFindings, onPutOff, againMs = AGAIN_MS, now = () => performance.now() } = options;
  const { longestMs = againMs } = options;
  /** By inode. One that did not suffer for as long again is forgotten: what comes next is another trouble. */
  const looked = new Map<number, Looked>();
  let running: { readonly abort: AbortController; readonly end: () => void } | undefined;
  let isPutOff = false;

  const isDue = (inode: number, time: number): boolean => {
    const last = looked.get(inode);
    return last === undefined || time - last.began >= last.wait;
  };

  function note(due: readonly Victim[], began: number, findings: readonly Finding[]): void {
    for (const { inode } of due) {
      const last = looked.get(inode);
      const found = troubleOf(findings.find(({ workload }) => workload.inode === inode));
      const wait = last?.found === found ? Math.min(2 * last.wait, longestMs) : againMs;
      looked.set(inode, { began, wait, found });
    }
  }

  return {
    async consider(sufferers, workloads) {
      if (running) return;
      const time = now();
      for (const [inode, { began, wait }] of looked) if (time - began >= 2 * wait) looked.delete(inode);
      const due = sufferers.filter(({ inode }) => isDue(inode, time));
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
      try {
        const findings = await look(due, workloads, abort.signal);
        if (abort.signal.aborted) return;
        note(due, time, findings);
        onFindings(findings);
      } catch (error) {
        if (abort.signal.aborted) return;
        note(due, time, []);
        throw error;
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
