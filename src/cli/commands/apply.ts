/** tscg apply: the limits of a policy file, once or for as long as it runs. */

import type { Plan, PlanContext, Write } from '../../limits/model.ts';
import { confirmedPlan } from '../../limits/owners/confirmed-plan.ts';
import { forcedPlan } from '../../limits/planning/lowering.ts';
import { planDiff } from '../../limits/policy/diff.ts';
import { planPolicy, policyRequests } from '../../limits/policy/requests.ts';
import { policyJsonSchema } from '../../limits/policy/shape.ts';
import { clean } from '../../text/clean.ts';
import { type CarryOutOptions, carryOut, DRY_RUN, endDryRun } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext } from '../context.ts';
import { UsageError } from '../errors.ts';
import { printJson, printLine, warn } from '../output.ts';
import { riskText } from '../plan-text.ts';
import { readPolicyFile, watchPolicyFile } from '../policy-file.ts';
import { openWorkloads } from '../policy-workloads.ts';
import { watchPolicy } from '../watch-policy.ts';

export interface ApplyOptions extends CarryOutOptions {
  watch?: boolean;
  schema?: boolean;
}

export async function apply(file: string | undefined, options: ApplyOptions, global: GlobalOptions): Promise<void> {
  if (options.schema) {
    printJson(policyJsonSchema());
    return;
  }
  if (file === undefined) {
    throw new UsageError('no policy file given; tscg snapshot writes one of what is set now, - reads standard input');
  }
  const hierarchy = openHierarchy(global);
  const context = planContext(hierarchy);
  if (options.watch) {
    await watchPolicy(
      watchPolicyFile(file, context.machine),
      () => planContext(hierarchy),
      openWorkloads(hierarchy, true),
      (plan, now) => carryOutPolicy(plan, now, options),
    );
    return;
  }
  const policy = readPolicyFile(file, context.machine);
  const inventory = openWorkloads(hierarchy, false);
  try {
    await inventory.refresh();
    const requests = policyRequests(policy, inventory.workloads());
    const meant = new Set(requests.flatMap(({ rules }) => rules));
    for (const [index, { place }] of policy.rules.entries()) {
      if (!meant.has(index)) warn(`warning: ${clean(place)}: this rule matches nothing that runs now`);
    }
    await carryOutPolicy(await confirmedPlan(context, (asked) => planPolicy(requests, asked)), context, options);
  } finally {
    inventory.close();
  }
}

/** One of many workloads may end while the others get their limits. */
const onEnded = ({ name, path }: Write): void =>
  warn(`warning: ${clean(name)} (${clean(path)}) has ended meanwhile: left out`);

/** Carries the Plan out as set does; but a dry run that is not JSON prints a diff. */
async function carryOutPolicy(plan: Plan, context: PlanContext, options: CarryOutOptions): Promise<void> {
  if (!options.dryRun || options.json) return carryOut(plan, context, options, { onEnded });
  const diff = planDiff(options.force ? forcedPlan(plan) : plan);
  if (diff !== '') printLine(diff);
  for (const risk of plan.risks) printLine(riskText(risk, options.force));
  printLine(plan.writes.length > 0 ? DRY_RUN : 'nothing to change');
  endDryRun(plan.risks, options.force);
}
