/** A randomised trial of a limit, for the commands that prove: its Plan, its risks, its run and its answer. */

import { carryOutTrial } from '../diagnosis/trial/carry-out.ts';
import { planTrial, scheduleText, type TrialRequest } from '../diagnosis/trial/plan-trial.ts';
import { takenBackText } from '../diagnosis/trial/words.ts';
import type { Workload } from '../inventory/workload.ts';
import { openJournal, stateDirectory } from '../limits/applying/journal.ts';
import { checkRisks, DRY_RUN, endDryRun, interruptible } from './carry-out.ts';
import { PROC } from './context.ts';
import { printJson, printLine } from './output.ts';
import { planText } from './plan-text.ts';
import { endProgress, showProgress } from './progress.ts';
import { trialJson, trialText } from './trial-text.ts';

export interface ProveRequest extends TrialRequest {
  /** All workloads. */
  readonly workloads: readonly Workload[];
  readonly json?: boolean | undefined;
  /** Takes the object that --json would print, where it is a part of a larger one. */
  readonly sayJson?: (value: object) => void;
  readonly dryRun?: boolean | undefined;
  readonly force?: boolean | undefined;
}

/** Plans, checks, runs and tells. Throws NoTrialError, RefusedError, TrialError, ApplyError. */
export async function proveLimit(request: ProveRequest): Promise<void> {
  const { context, workloads, json, dryRun, force, sayJson = printJson } = request;
  const trial = await planTrial(request);
  const { plan } = trial;
  const schedule = scheduleText(trial);
  if (dryRun) {
    if (json) sayJson({ ...plan, applied: false });
    else printLine(`${planText(plan, force)}\n${schedule}\n${DRY_RUN}`);
    endDryRun(plan.risks, force);
    return;
  }
  checkRisks(plan.risks, force, () => {
    if (json) sayJson({ ...plan, applied: false });
    else printLine(planText({ ...plan, risks: plan.risks.filter(({ level }) => level === 'warn') }));
  });
  if (!json)
    printLine(`${planText(plan, force)}\n${schedule}; taken back at its end, by Ctrl-C, and if this is killed`);
  const { answer, id } = await interruptible((signal) =>
    carryOutTrial(trial, {
      ...{ context, workloads, signal },
      proc: PROC,
      journal: openJournal(stateDirectory()),
      command: process.argv.slice(2),
      reverting: { tscg: [process.execPath, process.argv[1] ?? ''], stateDirectory: stateDirectory() },
      onWindow: (done, of) => showProgress(`window ${done} of ${of}`),
    }),
  ).finally(endProgress);
  if (json) sayJson({ ...trialJson(answer), change: id });
  else {
    printLine(trialText(answer));
    printLine(takenBackText(trial, id));
  }
}
