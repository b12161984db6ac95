/**
 * tscg why --watch: waits until the kernel tells that tasks wait, looks at the workloads that suffer, as far as the budget goes,
 * and tells what it found with its time; until Ctrl-C.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openBackgroundLooks } from '../diagnosis/background.ts';
import { createFindingLog, findingLine, isTrouble } from '../diagnosis/finding-log.ts';
import { createLookBudget } from '../diagnosis/look-budget.ts';
import type { Finding, Victim } from '../diagnosis/model.ts';
import { sufferersOf } from '../diagnosis/victims.ts';
import type { Workload } from '../inventory/workload.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import { openPressureWatch } from '../metrics/pressure-watch.ts';
import type { Source } from '../metrics/source.ts';
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
/** Between two tries where the kernel arms no trigger. */
const UNTOLD_MS = 2000;
const ALIVE_MS = 3_600_000;
/** Of those that are named: as often as the budget goes. */
const NAMED_AGAIN_MS = 0;

/** Resolves once the signal aborts. */
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
  try {
    const { workloads } = await source.next();
    pressure.follow(named.length > 0 ? named : workloads.filter(({ kind }) => kind === 'root'));
    if (!json) {
      const whom = named.length > 0 ? named.map(({ name }) => name).join(', ') : `${workloads.length} cgroups`;
      printLine(terminalSafe(`watching ${whom}: what suffers is told when it does; Ctrl-C ends it`));
    }
    const inodes = new Set(named.map(({ inode }) => inode));
    while (!signal.aborted) {
      await pressure.next();
      await source.next();
      await sleep(COARSE_MS, undefined, { signal });
      const frame = await source.next();
      const suffering = sufferersOf(frame, inodes).victims;
      await looks.consider(suffering, frame.workloads);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    pressure.close();
    signal.removeEventListener('abort', stop);
  }
  if (!json) for (const line of logText(log.all())) printLine(line);
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

/** `next` resolves when tasks wait; where the kernel arms no trigger, after a while. Throws an AbortError. */
function openPressure({ mount }: Hierarchy, signal: AbortSignal) {
  let isPressed = false;
  let wake = (): void => {};
  const watch = openPressureWatch({
    mount,
    onEvent: ({ path, text }) => {
      if (path === '') warn(`tscg: ${text}; looks every ${UNTOLD_MS / 1000} s instead`);
    },
    onFire: () => {
      isPressed = true;
      wake();
    },
  });
  // A trigger does not keep the program alive.
  const alive = setInterval(() => {}, ALIVE_MS);
  return {
    follow: watch.follow,
    close: () => {
      clearInterval(alive);
      watch.close();
    },
    async next(): Promise<void> {
      if (!watch.isArmed()) return sleep(UNTOLD_MS, undefined, { signal });
      if (!isPressed) {
        await new Promise<void>((resolve, reject) => {
          const abort = (): void => reject(signal.reason);
          signal.addEventListener('abort', abort, { once: true });
          wake = () => {
            signal.removeEventListener('abort', abort);
            resolve();
          };
        });
      }
      isPressed = false;
    },
  };
}
