/**
 * What of a cgroup's memory reclaim can free without swap, from memory.stat: page cache on the two file lists, and slab
 * that can shrink. `file` is no measure of it: it holds tmpfs and shared memory, which the kernel keeps on the anonymous
 * lists as they can only go to swap, and locked pages, which it keeps on `unevictable`.
 */
export const RECLAIMABLE_KEYS = ['inactive_file', 'active_file', 'slab_reclaimable'] as const;

/** Bytes. `figure`: a key of memory.stat; NaN or what it gives for a missing one carries through. */
export const reclaimableWithoutSwap = (figure: (key: (typeof RECLAIMABLE_KEYS)[number]) => number): number =>
  RECLAIMABLE_KEYS.reduce((sum, key) => sum + figure(key), 0);
