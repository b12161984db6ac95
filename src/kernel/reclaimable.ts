/**
 * What of a cgroup's memory reclaim can free without swap, from memory.stat: page cache on the two file lists, and slab
 * that can shrink. `file` is no measure of it: it holds tmpfs and shared memory, which the kernel keeps on the anonymous
 * lists as they can only go to swap, and locked pages, which it keeps on `unevictable`.
 */
export const RECLAIMABLE_KEYS = ['inactive_file', 'active_file', 'slab_reclaimable'] as const;

/** What of the rest the kernel can move to swap: locked pages are on neither list. */
export const SWAPPABLE_KEYS = ['inactive_anon', 'active_anon'] as const;

type Figure<Key extends string> = (key: Key) => number;

/** Bytes; NaN where it is not known. */
export interface Swap {
  /** Of the machine. */
  readonly free: number;
  /** memory.swap.max and memory.swap.current. */
  readonly max: number;
  readonly current: number;
}

/** Bytes. `figure`: a key of memory.stat; NaN or what it gives for a missing one carries through. */
export const reclaimableWithoutSwap = (figure: Figure<(typeof RECLAIMABLE_KEYS)[number]>): number =>
  RECLAIMABLE_KEYS.reduce((sum, key) => sum + figure(key), 0);

/** The same, with what finds room in swap. */
export function reclaimableWithSwap(
  figure: Figure<(typeof RECLAIMABLE_KEYS | typeof SWAPPABLE_KEYS)[number]>,
  { free, max, current }: Swap,
): number {
  const swappable = SWAPPABLE_KEYS.reduce((sum, key) => sum + figure(key), 0);
  // Where the machine has none left, its files need not be there.
  const room = free === 0 ? 0 : Math.max(0, Math.min(free, max - current));
  return reclaimableWithoutSwap(figure) + (room === 0 ? 0 : Math.min(room, swappable));
}
