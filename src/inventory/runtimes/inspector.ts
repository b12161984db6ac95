/**
 * Asks about workloads one by one, a few at the same time. One may hang alone (moby#27772, moby#33986): it is left alone
 * for longer and longer, and the others do not wait for it.
 */

import { type Backoff, createBackoff } from './backoff.ts';

export interface Inspector {
  /** How many are still not known afterwards. */
  inspect(ids: readonly string[], signal: AbortSignal): Promise<number>;
  isDone(id: string): boolean;
  /** Says that the workload changed: it is asked about again. */
  redo(id: string): void;
  /** Forgets all but these. */
  retain(ids: ReadonlySet<string>): void;
}

const AT_ONCE = 8;

/** `ask`: whether it exists; throws where that cannot be told. */
export function createInspector(ask: (id: string, signal: AbortSignal) => Promise<boolean>): Inspector {
  const done = new Set<string>();
  const hanging = new Map<string, Backoff>();

  /** True where it is known now, or known to be gone. */
  async function inspectOne(id: string, signal: AbortSignal): Promise<boolean> {
    const backoff = hanging.get(id) ?? createBackoff();
    if (signal.aborted || !backoff.isDue()) return false;
    try {
      if (await ask(id, signal)) done.add(id);
      else done.delete(id);
      hanging.delete(id);
      return true;
    } catch {
      // Where the time ran out it cannot be told which of those under way is to blame: all of them are left alone a little.
      backoff.failed();
      hanging.set(id, backoff);
      return false;
    }
  }

  return {
    async inspect(ids, signal) {
      const queue = [...ids];
      let missing = 0;
      const work = async (): Promise<void> => {
        for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
          if (!(await inspectOne(id, signal))) missing++;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      return missing;
    },
    isDone: (id) => done.has(id),
    redo: (id) => void done.delete(id),
    retain(ids) {
      for (const id of [...done, ...hanging.keys()]) {
        if (ids.has(id)) continue;
        done.delete(id);
        hanging.delete(id);
      }
    },
  };
}
