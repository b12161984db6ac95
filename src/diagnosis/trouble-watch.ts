/**
 * Looks that begin by themselves, in tstop and tscg record: while the kernel tells that tasks wait somewhere, the workloads that
 * suffer are looked at, and what is found is kept. In tstop the look at the selected row has the same budget, and goes first.
 */

import type { Hierarchy } from '../kernel/hierarchy.ts';
import type { OpenWaits } from '../kernel/waits-bpf.ts';
import type { LogEvent } from '../metrics/events.ts';
import { openPressureWatch } from '../metrics/pressure-watch.ts';
import type { Frame } from '../metrics/source.ts';
import { openBackgroundLooks } from './background.ts';
import { createFindingLog, type FindingLog } from './finding-log.ts';
import { createLookBudget, type LookBudget } from './look-budget.ts';
import { lookCloser } from './look-closer.ts';
import type { Finding } from './model.ts';
import { sufferersOf } from './victims.ts';

/** What the looks of one program share. */
export interface SharedLooks {
  readonly budget: LookBudget;
  readonly log: FindingLog;
  /** Ends a look that nobody asked for. */
  cancel(): void;
}

export interface TroubleWatch extends SharedLooks {
  /** Looks where the kernel has told of pressure since the Frame before; resolves when that look is over. */
  afterFrame(frame: Frame): Promise<void>;
  close(): void;
}

export interface TroubleWatchOptions {
  readonly hierarchy: Pick<Hierarchy, 'mount' | 'root'>;
  readonly proc: string;
  /** The share of one CPU that the looks may use in the long run: see LookBudgetOptions. */
  readonly share?: number;
  readonly openWaits?: OpenWaits;
  readonly onEvent: (event: LogEvent) => void;
  readonly onFindings: (findings: readonly Finding[]) => void;
}

/**
 * Milliseconds, at most, between two looks at a workload whose trouble lasts: another suspect is found within this time. One that
 * begins to suffer is looked at at once.
 */
const LONGEST_AGAIN_MS = 300_000;

export function openTroubleWatch(options: TroubleWatchOptions): TroubleWatch {
  const { hierarchy, proc, onEvent, onFindings, share, openWaits } = options;
  const budget = createLookBudget({ share });
  const log = createFindingLog();
  let isPressed = false;
  // What the root's triggers tell is no event of its own: those of the rows are told apart from this.
  const machine = openPressureWatch({
    mount: hierarchy.mount,
    onEvent: () => {},
    onFire: () => {
      isPressed = true;
    },
  });
  const looks = openBackgroundLooks({
    budget,
    longestMs: LONGEST_AGAIN_MS,
    look: (victims, workloads, signal) => lookCloser({ hierarchy, proc, workloads, victims, signal, openWaits }),
    onFindings: (findings) => {
      log.add(findings);
      onFindings(findings);
    },
    onPutOff: (victims, why) => {
      const name = victims.map((victim) => victim.name).join(', ');
      const path = victims[0]?.path ?? '';
      onEvent({ time: Date.now(), kind: 'finding', name, path, text: `put off: ${why}` });
    },
  });
  return {
    budget,
    log,
    cancel: looks.cancel,
    async afterFrame(frame) {
      // It comes before all that it holds.
      machine.follow(frame.workloads.slice(0, 1).filter(({ kind }) => kind === 'root'));
      // Where the kernel arms no trigger, each Frame is asked who suffers.
      if (!isPressed && machine.isArmed()) return;
      isPressed = false;
      await looks.consider(sufferersOf(frame).victims, frame.workloads);
    },
    close: () => {
      looks.cancel();
      machine.close();
    },
  };
}
