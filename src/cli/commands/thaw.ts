/** tscg thaw: lets frozen workloads go on. */
import { planFreeze, untilFrozen } from '../../limits/actions/freeze.ts';
import { confirmedPlan } from '../../limits/owners/confirmed-plan.ts';
import { carryOut } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext, resolveNames } from '../context.ts';
import { durationOption } from '../options.ts';
import type { FreezeOptions } from './freeze.ts';
import { ownerOptions } from './set.ts';

export async function thaw(names: readonly string[], options: FreezeOptions, global: GlobalOptions): Promise<void> {
  const timeoutMs = durationOption('--timeout', options.timeout, 10, 3_600_000);
  const hierarchy = openHierarchy(global);
  const context = planContext(hierarchy, ownerOptions(options));
  const workloads = await resolveNames(names, hierarchy);
  const targets = workloads.map((workload, index) => ({ ...workload, name: names[index] ?? workload.name }));
  await carryOut(
    await confirmedPlan(context, (asked) => planFreeze(targets, false, asked)),
    context,
    options,
    undefined,
    {
      after: async (change) => {
        const late = await untilFrozen(change.writes, false, context.files, timeoutMs);
        return late.length === 0
          ? { text: 'thawed', fields: { frozen: false } }
          : { text: `still thawing: ${late.map(({ name }) => name).join(', ')}`, fields: { frozen: true } };
      },
    },
  );
}
