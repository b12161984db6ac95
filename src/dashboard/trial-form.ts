/**
 * The randomised trial of the first suspect: its Plan, how far it is, and its answer. Esc stops it, which takes the limit
 * back.
 */

import type { Finding } from '../diagnosis/model.ts';
import { carryOutTrial } from '../diagnosis/trial/carry-out.ts';
import { foundTrial, whyNoTrial } from '../diagnosis/trial/choose.ts';
import { planTrial, scheduleText } from '../diagnosis/trial/plan-trial.ts';
import { evidenceTexts, lossText, takenBackText, verdictText } from '../diagnosis/trial/words.ts';
import type { Workload } from '../inventory/workload.ts';
import { errorText } from '../text/error-text.ts';
import type { Acting, Confirmed, Opened } from './acting.ts';
import type { TrialForm } from './modal.ts';
import { type FormView, type Gone, headed, planLines, targetLines, titleLines } from './plan-lines.ts';
import { type Line, wrappedAll } from './style.ts';

/** The form, or why nothing can be tried. */
export async function openTrial(finding: Finding, workloads: readonly Workload[], acting: Acting): Promise<Opened> {
  try {
    const found = foundTrial([finding], workloads, acting.context());
    if (!found) return { text: whyNoTrial([finding]), style: 'warning' };
    const { suspect, victim, remedy } = found;
    const trial = await planTrial(found);
    return { kind: 'trial', trial, remedy, targets: [suspect, victim], workloads, top: 0, force: false };
  } catch (error) {
    return { text: `nothing to prove: ${errorText(error)}`, style: 'warning' };
  }
}

/** What Enter begins; the form stays, and shows how far it is and what came of it. */
export function startTrial(form: TrialForm, { context, journal, proc, reverting }: Acting): Confirmed {
  const { trial, workloads } = form;
  const windows = trial.pairs * 2;
  return {
    meanwhile: { ...form, stage: { done: 0, of: windows } },
    targets: [trial.suspect],
    run: async (onProgress, signal) => {
      const text = `a trial of ${trial.suspect.name} is under way: Esc stops it`;
      onProgress(text);
      try {
        const { answer, id } = await carryOutTrial(trial, {
          ...{ context: context(), proc, workloads, journal, reverting, signal },
          command: ['tstop', 'prove'],
          onWindow: (done, of, soFar) => onProgress(text, { ...form, stage: { done, of, soFar: soFar() } }),
        });
        onProgress(text, { ...form, stage: { answer, id } });
        return verdictText(answer);
      } catch (error) {
        onProgress(text, { ...form, stage: { fault: errorText(error) } });
        throw error;
      }
    },
  };
}

/** Whether the trial is over and proves that the remedy helps. */
export const isProven = ({ stage }: TrialForm): boolean =>
  stage !== undefined && 'answer' in stage && stage.answer.isProven;

export function trialView(form: TrialForm, height: number, width: number, gone: Gone): FormView {
  const { trial, stage, force, top } = form;
  const { suspect, victim } = trial;
  const keys = stage === undefined ? 'Enter begins  Esc back' : 'done' in stage ? 'Esc stops it' : 'Esc back';
  const head: Line[] = [
    ...titleLines(`Prove whether ${suspect.name} slows ${victim.name}`, keys, height, width),
    ...targetLines([suspect], gone).map((line): Line => [['  limited ', 'dim'], ...line]),
    ...targetLines([victim], gone).map((line): Line => [['  measured', 'dim'], ...line]),
  ];
  const rest = stage === undefined ? planOf(form, width) : wrappedAll(stageLines(form, stage), width);
  return headed(head, stage === undefined ? rest : [...planLines(trial.plan, force, width), ...rest], top, height);
}

function planOf({ trial, force }: TrialForm, width: number): Line[] {
  const cost: Line[] = [
    [[`  ${scheduleText(trial)}`]],
    [
      [
        `  ${trial.suspect.name} has the limit for half of that time. It is taken back at the end, by Esc, and if tstop is killed`,
      ],
    ],
  ];
  return [...planLines(trial.plan, force, width), ...wrappedAll(cost, width)];
}

const BAR_CELLS = 32;

function stageLines(form: TrialForm, stage: NonNullable<TrialForm['stage']>): Line[] {
  const { trial } = form;
  if ('fault' in stage) return [[], [[`  ${stage.fault}`, 'critical']]];
  if ('answer' in stage) {
    const { answer, id } = stage;
    return [
      [],
      [[`  ${verdictText(answer)}`, answer.isProven ? 'critical' : 'good']],
      ...evidenceTexts(answer).map((text): Line => [[`    ${text}`]]),
      [[`  ${takenBackText(trial, id)}`, 'dim']],
      ...(isProven(form) ? [[['  d opens the remedy, which stays', 'accent']] satisfies Line] : []),
    ];
  }
  const { done, of, soFar } = stage;
  const filled = Math.round((done / of) * BAR_CELLS);
  return [
    [],
    [['  '], ['█'.repeat(filled), 'accent'], ['▁'.repeat(BAR_CELLS - filled), 'dim'], [` window ${done} of ${of}`]],
    ...(soFar ? [[[`  so far: ${lossText(soFar)}`]] satisfies Line] : []),
  ];
}
