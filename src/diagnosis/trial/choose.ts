/** Which trial would prove what was found; pure. */
import type { Finding, Remedy, Suspect, Victim } from '../model.ts';

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
