/** Divides the writes of a Plan into steps: each is one call of one owner. */

import type { Write } from '../model.ts';

export interface Step {
  /** Neighbouring writes of one cgroup through one owner, which are made in one call. */
  readonly writes: readonly [Write, ...Write[]];
  /** Set for a write of memory.max below what is in use, which is lowered without a kill; it is alone in its step. */
  readonly gently?: {
    /** The transient write of memory.high; missing where memory.high is low enough already. */
    readonly high?: Write;
  };
}

/** `isBelowUsage`: whether the kernel would kill for a write. A transient write is no step of its own. */
export function stepsOf(writes: readonly Write[], isBelowUsage: (write: Write) => boolean): Step[] {
  const steps: Step[] = [];
  let high: Write | undefined;
  for (const write of writes) {
    if (write.transient) {
      high = write;
      continue;
    }
    const last = steps.at(-1);
    if (high !== undefined || isBelowUsage(write)) steps.push({ writes: [write], gently: high ? { high } : {} });
    else if (last && !last.gently && isOneCall(last.writes[0], write))
      steps[steps.length - 1] = { writes: [...last.writes, write] };
    else steps.push({ writes: [write] });
    high = undefined;
  }
  return steps;
}

const isOneCall = (one: Write, other: Write): boolean =>
  one.via === other.via && one.endpoint === other.endpoint && one.subject === other.subject && one.path === other.path;
