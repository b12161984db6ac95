/** Which trial would prove what was found. */
import type { Workload } from '../../inventory/workload.ts';
import type { PlanContext } from '../../limits/model.ts';
import { editsOf } from '../../limits/planning/edits.ts';
import type { Finding, Remedy, Suspect, Victim } from '../model.ts';
import { DEFAULT_PAIRS, type TrialRequest } from './plan-trial.ts';

export interface TrialChoice {
  readonly victim: Victim;
  readonly suspect: Suspect;
  /** The least harmful limit of the suspect that was proposed. */
  readonly remedy: Remedy;
}

/** Of the largest loss that has a suspect with a limit to try; undefined where there is none. */
export function chooseTrial(findings: readonly Finding[]): TrialChoice | undefined {
  for (const { workload: victim, verdicts } of findings) {
    for (const { suspects, remedies } of verdicts) {
      for (const suspect of suspects) {
        const remedy = remedies.find(({ path, limits }) => path === suspect.path && Object.keys(limits).length > 0);
        if (suspect.path !== '/' && remedy) return { victim, suspect, remedy };
      }
    }
  }
  return undefined;
}

/** Of findings without a trial. */
export const NOTHING_TO_PROVE = 'nothing to prove: no suspect is named who could be limited';

/** A trial to plan. */
export interface FoundTrial extends TrialRequest {
  /** What it tries. */
  readonly remedy: Remedy;
}

/** Undefined where there is nothing to prove, or who it is about is gone. Throws BadValueError. */
export function foundTrial(
  findings: readonly Finding[],
  workloads: readonly Workload[],
  context: PlanContext,
): FoundTrial | undefined {
  const choice = chooseTrial(findings);
  const at = (wanted: string | undefined): Workload | undefined => workloads.find(({ path }) => path === wanted);
  const [suspect, victim] = [at(choice?.suspect.path), at(choice?.victim.path)];
  if (!choice || !suspect || !victim) return undefined;
  const { remedy } = choice;
  const edits = editsOf((long) => [remedy.limits[long] ?? []].flat(), [], context.machine);
  return { context, suspect, victim, edits, pairs: DEFAULT_PAIRS, remedy };
}
