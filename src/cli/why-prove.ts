/** tscg why --prove: what was found, and then the trial of the first suspect. */
import type { Finding } from '../diagnosis/model.ts';
import { remedyCommand } from '../diagnosis/remedy.ts';
import { chooseTrial } from '../diagnosis/trial/choose.ts';
import { DEFAULT_PAIRS } from '../diagnosis/trial/plan-trial.ts';
import type { Workload } from '../inventory/workload.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import { editsOf } from '../limits/planning/edits.ts';
import { terminalSafe } from '../text/cells.ts';
import { planContext } from './context.ts';
import { printJson, printLine } from './output.ts';
import { proveLimit } from './trial.ts';
import { findingJson } from './why-text.ts';

export interface ProveFindings {
  readonly hierarchy: Hierarchy;
  readonly workloads: readonly Workload[];
  readonly json?: boolean | undefined;
}

/** `tell`: prints the findings as text. As JSON both are one object: `{ "findings": […], "trial": … }`. */
export async function tellAndProve(
  findings: readonly Finding[],
  { hierarchy, workloads, json }: ProveFindings,
  tell: () => void,
): Promise<void> {
  if (!json) tell();
  let trial: object | null = null;
  try {
    const choice = chooseTrial(findings);
    const at = (wanted: string): Workload | undefined => workloads.find(({ path }) => path === wanted);
    const [suspect, victim] = [at(choice?.suspect.path ?? ''), at(choice?.victim.path ?? '')];
    if (!choice || !suspect || !victim) {
      if (!json) printLine('nothing to prove: no suspect was named who could be limited');
      return;
    }
    const { limits } = choice.remedy;
    const command = (remedyCommand(choice.remedy) ?? '').replace('tscg set', 'trying: tscg set');
    if (!json) printLine(terminalSafe(`\n${command}`));
    const context = planContext(hierarchy);
    const edits = editsOf((long) => [limits[long] ?? []].flat(), [], context.machine);
    const sayJson = (value: object): void => {
      trial = value;
    };
    await proveLimit({ context, workloads, suspect, victim, edits, pairs: DEFAULT_PAIRS, json, sayJson });
  } finally {
    if (json) printJson({ findings: findings.map(findingJson), trial });
  }
}
