/** Of what was found: which remedy to try, and which trial would prove who is to blame. */

import type { Workload } from '../../inventory/workload.ts';
import type { Machine } from '../../kernel/machine.ts';
import type { PlanContext, Request } from '../../limits/model.ts';
import { editsOf } from '../../limits/planning/edits.ts';
import type { Finding, Remedy, Suspect, Verdict, Victim } from '../model.ts';
import { REFUSAL_WORDS } from '../words.ts';
import { DEFAULT_PAIRS, type TrialRequest } from './plan-trial.ts';

/** Whether a remedy is a limit, and not advice alone. */
const isLimit = ({ limits }: Remedy): boolean => Object.keys(limits).length > 0;

/** The limits of a remedy, as a Request has them. Throws BadValueError. */
export const editsOfRemedy = ({ limits }: Remedy, machine: Machine): Request['edits'] =>
  editsOf((long) => [limits[long] ?? []].flat(), [], machine);

export interface FixChoice {
  readonly victim: Victim;
  readonly verdict: Verdict;
  /** The least harmful limit among its remedies. */
  readonly remedy: Remedy;
}

/** The remedy of the largest loss that a limit would help. */
export function chooseFix({ workload: victim, verdicts }: Finding): FixChoice | undefined {
  for (const verdict of verdicts) {
    const remedy = verdict.remedies.find(isLimit);
    if (remedy) return { victim, verdict, remedy };
  }
  return undefined;
}

/** Why there is no FixChoice for that Finding, in words. */
export function whyNoFix({ workload: { name }, verdicts }: Finding): string {
  const [first] = verdicts;
  if (!first || first.cause === 'fine') return `nothing holds ${name} up`;
  if (first.cause === 'unknown') return `what holds ${name} up is not known: ${first.sentence}`;
  const [advice] = first.remedies;
  const nobody = first.refusal ? `; nobody is named: ${REFUSAL_WORDS[first.refusal]}` : '';
  return advice
    ? `no limit helps ${name}, but something else may: ${advice.words}`
    : `no limit is known that would help ${name}${nobody}`;
}

export interface TrialChoice {
  readonly victim: Victim;
  readonly suspect: Suspect;
  /** The least harmful limit of the suspect among the remedies. */
  readonly remedy: Remedy;
}

/** The trial of the largest loss that has a suspect with a limit to try; undefined where there is none. */
export function chooseTrial(findings: readonly Finding[]): TrialChoice | undefined {
  for (const { workload: victim, verdicts } of findings) {
    for (const { suspects, remedies } of verdicts) {
      for (const suspect of suspects) {
        const remedy = remedies.find((one) => one.path === suspect.path && isLimit(one));
        if (suspect.path !== '/' && remedy) return { victim, suspect, remedy };
      }
    }
  }
  return undefined;
}

/** Why there is no trial to make of those findings, in words. */
export function whyNoTrial(findings: readonly Finding[]): string {
  const choice = chooseTrial(findings);
  if (choice) return `nothing to prove: ${choice.suspect.name} or ${choice.victim.name} has ended`;
  const verdicts = findings.flatMap((finding) => finding.verdicts);
  const accusing = verdicts.find(({ suspects }) => suspects.length > 0);
  const [suspect] = accusing?.suspects ?? [];
  if (accusing && suspect) return `nothing to prove: ${noLimitText(suspect, accusing.remedies)}`;
  const refusal = verdicts.find((verdict) => verdict.refusal)?.refusal;
  return `nothing to prove: no suspect is named who could be limited${refusal ? `: ${REFUSAL_WORDS[refusal]}` : ''}`;
}

function noLimitText({ what, name, path }: Suspect, remedies: readonly Remedy[]): string {
  if (what === 'kernel') return `${name} is threads of the kernel's own, which no limit reaches`;
  if (path === '/') return `${name} is processes in the root cgroup, which has no limits; tscg move puts one elsewhere`;
  const advice = remedies.find((remedy) => !isLimit(remedy));
  return `no limit of ${name} is known to try${advice ? `: ${advice.words}` : ''}`;
}

/** A trial that was chosen, to be planned. */
export interface FoundTrial extends TrialRequest {
  /** What it tries. */
  readonly remedy: Remedy;
}

/**
 * The chosen trial of what runs now; undefined where there is none, or where the suspect or the victim is gone. Throws
 * BadValueError.
 */
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
  return { context, suspect, victim, edits: editsOfRemedy(remedy, context.machine), pairs: DEFAULT_PAIRS, remedy };
}
