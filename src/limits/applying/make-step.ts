/** Makes one step of a change: the owner confirms that it means this very cgroup and makes the writes; each file is read back. */

import { isAlive } from '../../kernel/cgroup-files.ts';
import { openOwner } from '../owners/open-owner.ts';
import { isUnknown, type Owner } from '../owners/owner.ts';
import type { ApplyContext } from './context.ts';
import { lowerGently, setWatched } from './lower/gently.ts';
import type { Step } from './steps.ts';
import { verify } from './verify.ts';

export type StepContext = Pick<ApplyContext, 'files' | 'machine' | 'onProgress' | 'signal' | 'onEnded' | 'ownerOf'>;

/**
 * How far a step came. `asked`: nothing was written yet. `writing`: the owner failed in between, and the files say how far
 * it got. `accepted`: the owner took all of it, whatever the files say.
 */
export type Reached = 'asked' | 'writing' | 'accepted';

export type StepEnd =
  | { readonly outcome: 'done' }
  /** The cgroup has ended, or its owner knows nothing of it, where that may be: the step is left out. */
  | { readonly outcome: 'gone' }
  | { readonly outcome: 'failed'; readonly error: unknown; readonly reached: Reached };

export async function makeStep(step: Step, context: StepContext): Promise<StepEnd> {
  const { files, onEnded, ownerOf = openOwner } = context;
  const { writes } = step;
  const [first] = writes;
  let reached: Reached = 'asked';
  try {
    const owner = ownerOf(first, files);
    await owner.confirm(writes);
    reached = 'writing';
    await (step.gently ? lower(step, owner, context) : owner.apply(writes));
    reached = 'accepted';
    for (const write of writes) if (!write.ended) await verify(write, context);
    return { outcome: 'done' };
  } catch (error) {
    const isGone = first.ended ? isUnknown(error, first.via) : onEnded !== undefined && !isAlive(files, first);
    return isGone ? { outcome: 'gone' } : { outcome: 'failed', error, reached };
  }
}

function lower({ writes: [write], gently }: Step, owner: Owner, context: StepContext): Promise<void> {
  const { files, onProgress, signal } = context;
  const set = async (attempt: number): Promise<boolean> => {
    if (write.via === 'cgroupfs') return setWatched(write, files, attempt);
    await owner.apply([write]);
    return true;
  };
  return lowerGently(write, gently?.high, { files, onProgress, signal, set });
}
