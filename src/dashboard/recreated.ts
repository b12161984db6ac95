/** Workloads that took the place of another one: marked for a while, and found again by who follows them. */

import { placeOf, type Workload } from '../inventory/workload.ts';

export interface Recreations {
  push(workloads: readonly Workload[], now: number): void;
  /** Inodes of those re-created in the last minute. */
  recent(): ReadonlySet<number>;
}

const SHOWN_MS = 60_000;

export function createRecreations(): Recreations {
  let known: readonly Workload[] = [];
  let knownAt = 0;
  let inodes = new Map<string, number>();
  /** Workloads that have gone in the last minute, by `placeOf`. */
  const gone = new Map<string, { inode: number; at: number }>();
  const since = new Map<number, number>();

  function compare(workloads: readonly Workload[], now: number): void {
    const next = new Map(workloads.map((workload) => [placeOf(workload), workload.inode]));
    for (const [place, inode] of inodes) if (next.get(place) !== inode) gone.set(place, { inode, at: knownAt });
    for (const [place, { at }] of gone) if (now - at >= SHOWN_MS) gone.delete(place);
    for (const [place, inode] of next) {
      const before = inodes.get(place) === inode ? inode : gone.get(place)?.inode;
      if (before !== undefined && before !== inode) since.set(inode, now);
    }
    inodes = next;
  }

  return {
    push: (workloads, now) => {
      if (workloads !== known) compare(workloads, now);
      known = workloads;
      knownAt = now;
      for (const [inode, at] of since) if (now - at >= SHOWN_MS) since.delete(inode);
    },
    recent: () => new Set(since.keys()),
  };
}
