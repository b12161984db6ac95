/**
 * Carries a planned trial out on this machine. Before the first write a process or timer is started that takes the limit back if
 * this program is killed; then come the windows, and the answer.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { isThirdParty, type Workload } from '../../inventory/workload.ts';
import { isWithin } from '../../kernel/cgroup-path.ts';
import { newChangeId } from '../../limits/applying/apply.ts';
import type { Change, Journal } from '../../limits/applying/journal.ts';
import { type Revert, scheduleRevert } from '../../limits/applying/revert/schedule.ts';
import type { PlanContext } from '../../limits/model.ts';
import { answerOfTrial, type TrialAnswer, type TrialParty } from './answer.ts';
import { openLimitSwitch } from './limit-switch.ts';
import type { TrialWindow } from './measure.ts';
import { durationMs, type TrialPlan } from './plan-trial.ts';
import { openTrialReader } from './read.ts';
import { runTrial, TrialError } from './run.ts';

export interface TrialRun {
  readonly context: PlanContext;
  readonly proc: string;
  /** All workloads, of which the third parties are chosen. */
  readonly workloads: readonly Workload[];
  readonly journal: Journal;
  /** What is written to the journal as the command that made the change. */
  readonly command: Change['command'];
  /** What to start that takes the limit back if this program is killed. */
  readonly reverting: Pick<Revert, 'tscg' | 'stateDirectory'>;
  /** When it aborts, the trial ends and the limit is taken back. */
  readonly signal: AbortSignal;
  /** Told after each window: the answer so far; undefined as long as no pair is complete. */
  readonly onWindow: (done: number, of: number, soFar: () => TrialAnswer | undefined) => void;
}

/**
 * Whoever takes the limit back if this program is killed waits so many times as long as the trial is planned to take, and so many
 * milliseconds more: on a machine that is overloaded a trial takes longer, and the answer is worth the most there.
 */
const LATE_FACTOR = 2;
const LATE_MS = 30_000;

/** The answer, and the change of the journal that it was. Throws TrialError, ApplyError. */
export async function carryOutTrial(
  trial: TrialPlan,
  run: TrialRun,
): Promise<{ readonly answer: TrialAnswer; readonly id: string }> {
  const { context, proc, workloads, journal, command, reverting, signal, onWindow } = run;
  const { files, machine, owners } = context;
  const { suspect, victim, resource, plan } = trial;
  const others = workloads.filter((workload) => isThirdParty(workload, [suspect.path, victim.path]));
  const below = workloads.filter(({ path }) => path !== victim.path && isWithin(path, victim.path));
  const id = newChangeId();
  const delayMs = LATE_FACTOR * durationMs(trial) + LATE_MS;
  const reverter = await scheduleRevert({
    ...reverting,
    ...{ id, delayMs, mount: files.mount, sockets: owners.sockets },
  });
  // Opened once the reverter runs: the reader raises the priority of this process, and a child begun later would inherit that.
  const reader = openTrialReader({
    mount: files.mount,
    proc,
    victim: victim.path,
    cgroups: [victim, suspect, ...below, ...others],
  });
  const answerOf = (windows: readonly TrialWindow[]): TrialAnswer =>
    answerOfTrial({
      ...{ windows, resource },
      victim: partyOf(victim),
      suspect: partyOf(suspect),
      others: others.map(partyOf),
    });
  try {
    const limit = openLimitSwitch(plan, { files, machine, journal, command, id, reverter });
    const windows = await runTrial({
      ...trial,
      victim: victim.path,
      suspect: suspect.path,
      limit,
      read: () => reader.read(),
      wait: (ms) => waited(ms, signal),
      random: Math.random,
      onWindow: (sofar, of) => onWindow(sofar.length, of, () => (sofar.length < 2 ? undefined : answerOf(sofar))),
    });
    return { answer: answerOf(windows), id };
  } finally {
    reader.close();
  }
}

const partyOf = ({ path, name }: Workload): TrialParty => ({ path, name });

async function waited(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw new TrialError('interrupted');
  }
}
