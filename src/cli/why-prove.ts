/** tscg why --prove: what was found, and then the trial of the first suspect. */

import type { Finding } from '../diagnosis/model.ts';
import { remedyCommand } from '../diagnosis/remedy.ts';
import { foundTrial, whyNoTrial } from '../diagnosis/trial/choose.ts';
import type { Workload } from '../inventory/workload.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
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
    const found = foundTrial(findings, workloads, planContext(hierarchy));
    if (!found) {
      if (!json) printLine(terminalSafe(whyNoTrial(findings)));
      return;
    }
    const command = (remedyCommand(found.remedy) ?? '').replace('tscg set', 'trying: tscg set');
    if (!json) printLine(terminalSafe(`\n${command}`));
    const sayJson = (value: object): void => {
      trial = value;
    };
    await proveLimit({ ...found, workloads, json, sayJson });
  } finally {
    if (json) printJson({ findings: findings.map(findingJson), trial });
  }
}
