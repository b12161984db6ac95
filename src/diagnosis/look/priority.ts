/**
 * A look on a machine that is overloaded must not wait behind what it looks at: its threads get a higher priority for
 * those seconds, where we may (root). How much they use is bounded elsewhere.
 */

import { getPriority, setPriority } from 'node:os';
import { namesIn } from '../../kernel/if-there.ts';

const RAISED = -10;

/** How many want the priority now: it is that of the whole process, in which a trial and a look may run at once. */
let holders = 0;
let restore: () => void = () => {};

/**
 * Raises all threads of this process until nobody wants it any more; the result says so. Without the right to it nothing
 * happens.
 */
export function raisePriority(proc: string): () => void {
  if (holders++ === 0) restore = raiseAll(proc);
  let isHeld = true;
  return () => {
    if (isHeld && --holders === 0) restore();
    isHeld = false;
  };
}

function raiseAll(proc: string): () => void {
  const before = new Map<number, number>();
  for (const tid of threadsOf(proc)) {
    try {
      const was = getPriority(tid);
      if (was <= RAISED) continue;
      setPriority(tid, RAISED);
      before.set(tid, was);
    } catch {
      // Not permitted, or it has just ended.
    }
  }
  const [usual] = before.values();
  return () => {
    if (usual === undefined) return;
    // A thread that began meanwhile has the raised one.
    for (const tid of threadsOf(proc)) {
      try {
        setPriority(tid, before.get(tid) ?? usual);
      } catch {
        // It has just ended.
      }
    }
  };
}

const threadsOf = (proc: string): number[] => namesIn(`${proc}/self/task`).map(Number);
