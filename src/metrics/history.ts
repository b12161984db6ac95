/** The last figures of some metrics for every row that lives, by inode: for sparklines and charts. */
import type { Usage } from './usage.ts';

export interface History {
  push(usage: Usage): void;
  /** Oldest first; NaN where it was unavailable. Empty for an unknown row or metric. */
  of(inode: number, id: string): number[];
}

interface Ring {
  /** A metric after the other, `length` figures each. */
  readonly values: Float32Array;
  next: number;
  count: number;
}

export function createHistory(ids: readonly string[], length: number): History {
  const rings = new Map<number, Ring>();
  return {
    push: (usage) => {
      const columns = ids.map((id) => usage.column(id));
      const living = new Set<number>();
      usage.snapshot.rows.forEach(({ inode }, row) => {
        living.add(inode);
        const ring = rings.get(inode) ?? { values: new Float32Array(length * ids.length), next: 0, count: 0 };
        columns.forEach((column, index) => {
          ring.values[index * length + ring.next] = column[row] ?? Number.NaN;
        });
        ring.next = (ring.next + 1) % length;
        ring.count = Math.min(length, ring.count + 1);
        rings.set(inode, ring);
      });
      for (const inode of rings.keys()) if (!living.has(inode)) rings.delete(inode);
    },
    of: (inode, id) => {
      const ring = rings.get(inode);
      const index = ids.indexOf(id);
      if (!ring || index < 0) return [];
      const start = (ring.next - ring.count + length) % length;
      return Array.from(
        { length: ring.count },
        (_, step) => ring.values[index * length + ((start + step) % length)] ?? Number.NaN,
      );
    },
  };
}
