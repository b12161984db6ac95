/** The last figures of one metric for every row that lives, by inode: for sparklines and charts. */
import type { Usage } from './usage.ts';

export interface History {
  push(usage: Usage): void;
  /** Oldest first; NaN where it was unavailable. Empty for an unknown row. */
  of(inode: number): number[];
}

export function createHistory(id: string, length: number): History {
  const rings = new Map<number, { values: Float64Array; next: number; count: number }>();
  return {
    push: (usage) => {
      const column = usage.column(id);
      const living = new Set<number>();
      usage.snapshot.rows.forEach(({ inode }, row) => {
        living.add(inode);
        const ring = rings.get(inode) ?? { values: new Float64Array(length), next: 0, count: 0 };
        ring.values[ring.next] = column[row] ?? Number.NaN;
        rings.set(inode, { ...ring, next: (ring.next + 1) % length, count: Math.min(length, ring.count + 1) });
      });
      for (const inode of rings.keys()) if (!living.has(inode)) rings.delete(inode);
    },
    of: (inode) => {
      const ring = rings.get(inode);
      if (!ring) return [];
      const start = (ring.next - ring.count + length) % length;
      return Array.from({ length: ring.count }, (_, index) => ring.values[(start + index) % length] ?? Number.NaN);
    },
  };
}
