/**
 * tscg why --watch: waits until the kernel tells that tasks wait, looks at the workloads that suffer, as far as the budget goes,
 * and tells what it found with its time; until Ctrl-C.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { openBackgroundLooks } from '../diagnosis/background.ts';
import { VERDICT } from '../diagnosis/fields.ts';
import { createFindingLog, findingLine, isTrouble } from '../diagnosis/finding-log.ts';
import { createLookBudget } from '../diagnosis/look-budget.ts';
import type { Finding, Victim } from '../diagnosis/model.ts';
import { sufferersOf } from '../diagnosis/victims.ts';
import type { Workload } from '../inventory/workload.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import { openPressureWatch } from '../metrics/pressure-watch.ts';
import type { Frame, Source } from '../metrics/source.ts';
import { terminalSafe } from '../text/cells.ts';
import { localTime } from '../text/local-time.ts';
import { printJson, printLine, warn } from './output.ts';
import { findingJson, findingText } from './why-text.ts';

export interface WatchOptions {
  readonly hierarchy: Hierarchy;
  readonly source: Source;
  /** Who is watched; all where none is named. */
  readonly named: readonly Workload[];
  readonly look: (
    victims: readonly Victim[],
    workloads: readonly Workload[],
    signal: AbortSignal,
  ) => Promise<readonly Finding[]>;
  readonly json?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** Between the two Frames that tell who suffers. */
const COARSE_MS = 1000;
/** Between two tries where the kernel arms no trigger; and where it does: no trigger tells that a cgroup has ended. */
const UNTOLD_MS = 2000;
const QUIET_MS = 10_000;
/** Milliseconds between two looks at a workload that was named: as often as the budget goes. */
const NAMED_AGAIN_MS = 0;

/** Resolves once the signal aborts. Throws where all that are named have ended. */
export async function watchWhy(options: WatchOptions): Promise<void> {
  const { hierarchy, source, named, json, signal } = options;
  const log = createFindingLog();
  const looks = openBackgroundLooks({
    budget: createLookBudget(),
    look: options.look,
    onFindings: (findings) => {
      log.add(findings);
      tellFindings(findings.filter(isTrouble), json);
    },
    onPutOff: (victims, why) => {
      warn(terminalSafe(`${localTime(Date.now())} ${victims.map(({ name }) => name).join(', ')}: put off: ${why}`));
    },
    ...(named.length > 0 && { againMs: NAMED_AGAIN_MS }),
  });
  const stop = (): void => looks.cancel();
  signal.addEventListener('abort', stop);
  const pressure = openPressure(hierarchy, signal);
  let hasEnded = false;
  try {
    const { workloads } = await source.next();
    pressure.follow(named.length > 0 ? named : workloads.filter(({ kind }) => kind === 'root'));
    if (!json) {
      const whom = named.length > 0 ? named.map(({ name }) => name).join(', ') : `${workloads.length} cgroups`;
      printLine(terminalSafe(`watching ${whom}: what suffers is told when it does; Ctrl-C ends it`));
    }
    const inodes = new Set(named.map(({ inode }) => inode));
    for (let round = 0; !signal.aborted; round++) {
      await source.next();
      await sleep(COARSE_MS, undefined, { signal });
      const frame = await source.next();
      if (named.length > 0 && frame.workloads.every(({ inode }) => !inodes.has(inode))) {
        hasEnded = true;
        break;
      }
      if (round === 0) for (const text of unknownText(frame, named)) warn(terminalSafe(text));
      await looks.consider(sufferersOf(frame, inodes).victims, frame.workloads);
      await pressure.next();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    pressure.close();
    signal.removeEventListener('abort', stop);
  }
  if (!json) for (const line of logText(log.all())) printLine(line);
  if (hasEnded) throw new Error(`${named.map(({ name }) => name).join(', ')} ended: nobody is left to watch`);
}

/** Says which workloads could be in trouble without a sign of it, as a figure of them is missing. */
function unknownText(frame: Frame, named: readonly Workload[]): string[] {
  const { usage, workloads } = frame;
  if (named.length === 0) {
    const { unknown, judged } = sufferersOf(frame);
    const many = `of ${unknown} of ${judged} workloads a figure is missing`;
    return unknown > 0 ? [`${many}, so that their trouble may not show: tscg why NAME tells which`] : [];
  }
  return named.flatMap(({ inode, name }) => {
    const row = workloads.findIndex((workload) => workload.inode === inode);
    const reason = row < 0 ? undefined : VERDICT.reason(usage, row);
    return reason === undefined ? [] : [`the trouble of ${name} may not show: ${reason}`];
  });
}

function tellFindings(findings: readonly Finding[], json: boolean | undefined): void {
  if (findings.length === 0) return;
  if (json) printJson(findings.map(findingJson));
  else for (const finding of findings) printLine(`${localTime(finding.when)}\n${findingText(finding)}\n`);
}

/** What was found, a line each. */
function logText(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return ['nothing suffered'];
  return [
    `${findings.length === 1 ? 'the last finding' : `the last ${findings.length} findings`}:`,
    ...findings.map((finding) =>
      terminalSafe(`  ${localTime(finding.when)}  ${finding.workload.name}  ${findingLine(finding)}`),
    ),
  ];
}

/** `next` resolves when tasks wait, and after a while in any case. Throws an AbortError. */
function openPressure({ mount }: Hierarchy, signal: AbortSignal) {
  let isPressed = false;
  let waiting = new AbortController();
  const watch = openPressureWatch({
    mount,
    onEvent: ({ path, text }) => {
      if (path === '') warn(`tscg: ${text}; looks every ${UNTOLD_MS / 1000} s instead`);
    },
    onFire: () => {
      isPressed = true;
      waiting.abort();
    },
  });
  return {
    follow: watch.follow,
    close: watch.close,
    async next(): Promise<void> {
      waiting = new AbortController();
      const either = AbortSignal.any([signal, waiting.signal]);
      if (!isPressed) {
        await sleep(watch.isArmed() ? QUIET_MS : UNTOLD_MS, undefined, { signal: either }).catch((error: unknown) => {
          if (signal.aborted) throw error;
        });
      }
      isPressed = false;
    },
  };
}
