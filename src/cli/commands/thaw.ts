/** tscg thaw: lets frozen workloads go on. */

import { untilFrozen } from '../../limits/actions/freeze.ts';
import { carryOut } from '../carry-out.ts';
import type { GlobalOptions } from '../context.ts';
import { type FreezeOptions, planToFreeze } from './freeze.ts';

export async function thaw(names: readonly string[], options: FreezeOptions, global: GlobalOptions): Promise<void> {
  const { plan, context, timeoutMs } = await planToFreeze(names, false, options, global);
  await carryOut(plan, context, options, {
    after: async (change) => {
      const late = await untilFrozen(change.writes, false, context.files, { timeoutMs });
      return late.length === 0
        ? { text: 'thawed', fields: { frozen: false } }
        : { text: `still thawing: ${late.map(({ name }) => name).join(', ')}`, fields: { frozen: true } };
    },
  });
}
