/** --for: the change takes itself back after a while. */

import { stateDirectory } from '../limits/applying/journal.ts';
import { reverterText } from '../limits/applying/revert/reverter.ts';
import { scheduleRevert } from '../limits/applying/revert/schedule.ts';
import type { PlanContext } from '../limits/model.ts';
import type { CarryOutHooks } from './carry-out.ts';
import { durationOption } from './options.ts';

/** Twenty days: as long as a timer of ours can wait. */
const MOST_MS = 20 * 86_400_000;

/** The process that takes the change back is started before the first write. */
export function timedRevert(
  text: string,
  { files, owners }: PlanContext,
): Required<Pick<CarryOutHooks, 'before' | 'after'>> & { readonly delayMs: number } {
  const delayMs = durationOption('--for', text, 1000, MOST_MS);
  return {
    delayMs,
    before: (id) =>
      scheduleRevert({
        id,
        delayMs,
        tscg: [process.execPath, process.argv[1] ?? ''],
        mount: files.mount,
        stateDirectory: stateDirectory(),
        sockets: owners.sockets,
      }),
    after: async ({ id, reverter }) => {
      const who = reverter ? reverterText(reverter) : 'nobody';
      return {
        text: `${who} takes it back in ${text}, even if this terminal closes; tscg log then shows the pressure of the others; to take it back now: tscg undo ${id}`,
        fields: { reverts_after_seconds: delayMs / 1000, reverted_by: who },
      };
    },
  };
}
