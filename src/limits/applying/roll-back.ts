/** Takes back a change that failed half-way: only where it wrote, and only in the cgroup that it wrote to. */

import { hasEnded } from '../../kernel/cgroup-files.ts';
import { errorText } from '../../text/error-text.ts';
import type { Write } from '../model.ts';
import { openOwner } from '../owners/open-owner.ts';
import { survivesRestart } from '../owners/owner.ts';
import { currentText } from '../planning/current-text.ts';
import { restorable } from '../planning/restorable.ts';
import { isPartOf, sameValue } from '../planning/same-value.ts';
import type { ApplyContext } from './context.ts';
import type { Reached } from './make-step.ts';
import { type OtherLevel, restoreLevels } from './other-levels.ts';
import type { Step } from './steps.ts';
import { verify } from './verify.ts';

type RollBackContext = Pick<ApplyContext, 'files' | 'machine' | 'ownerOf'>;

export interface TakenStep {
  readonly step: Step;
  readonly reached: Reached;
  /** The other levels that an engine may have written too. */
  readonly levels?: readonly OtherLevel[];
}

/** In the reverse order, each file by itself. Gives a line for each that could not be restored. */
export async function rollBack(taken: readonly TakenStep[], context: RollBackContext): Promise<string[]> {
  const stuck: string[] = [];
  for (const { step, reached, levels = [] } of taken.toReversed()) {
    const { writes, gently } = step;
    const made = gently?.high ? [gently.high, ...writes] : writes;
    for (const write of made.toReversed()) {
      try {
        if (isToRestore(write, reached, context)) await restore(write, context);
      } catch (error) {
        if (!hasEnded(error)) stuck.push(errorText(error));
        else if (reached === 'accepted' && survivesRestart(write))
          stuck.push(
            `${write.via} keeps the new value of ${write.path}/${write.file} for its next start; finish once it runs`,
          );
      }
    }
    try {
      if (reached !== 'asked') restoreLevels(levels, context.files, context.machine);
    } catch (error) {
      stuck.push(errorText(error));
    }
  }
  return stuck;
}

/** Whether the change has written there. What another program wrote meanwhile stays. */
function isToRestore(write: Write, reached: Reached, { files, machine }: RollBackContext): boolean {
  if (reached === 'asked') return false;
  const { file, before, via, ended, transient } = write;
  const isAccepted = reached === 'accepted';
  if (ended) return isAccepted;
  // A step that ended well has set memory.high back itself.
  if (transient && isAccepted) return false;
  const now = currentText(write, files);
  // An owner keeps the new value, whatever the file says.
  if (isAccepted && via !== 'cgroupfs') return true;
  if (sameValue(file, now, before, machine)) return false;
  return isAccepted || transient === true || isPartOf(now, write, machine);
}

async function restore(write: Write, context: RollBackContext): Promise<void> {
  const { files, ownerOf = openOwner } = context;
  const before = write.ended ? write.after : currentText(write, files);
  const back: Write = { ...write, before, after: restorable(write, files) };
  const owner = ownerOf(write, files);
  await owner.confirm([back]);
  await owner.apply([back]);
  if (!write.ended) await verify(back, context);
}
