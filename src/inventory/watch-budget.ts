/**
 * What following the file system's events may cost. Each event makes chokidar read its directory again and stat every
 * entry, so a machine that makes and removes hundreds of cgroups a second would keep a CPU busy with hints alone. Past
 * the budget the watcher rests, and the walks of each refresh, which find everything, do without hints.
 */

/** Directory entries that may be read in a second, in the long run: some 2 % of a CPU, at 0.2 ms each in all threads. */
const ENTRIES_A_SECOND = 100;
/** Entries that may be read at once, in less than a CPU second: a few containers that start or end. */
const BURST = 4_000;
const SHORTEST_REST_MS = 10_000;
const LONGEST_REST_MS = 600_000;
/** A start reads the whole tree. Starts may take this share of the time at most. */
const START_SHARE = 0.02;

export interface WatchBudget {
  /** Takes `entries` from what is left at `now` (milliseconds); false when nothing is left. */
  spend(entries: number, now: number): boolean;
  /**
   * How long to rest, in milliseconds, where the next start takes `startMs` of CPU. A rest that follows soon after another is
   * longer, and gives no more to spend than what was saved in it.
   */
  rest(startMs: number, now: number): number;
}

export function createWatchBudget(now: number): WatchBudget {
  let left = BURST;
  let at = now;
  let lastRest = 0;
  let lastRestAt = now;
  return {
    spend(entries, time) {
      left = Math.min(BURST, left + ((time - at) / 1000) * ENTRIES_A_SECOND) - entries;
      at = time;
      return left > 0;
    },
    rest(startMs, time) {
      const isSoon = lastRest > 0 && time - lastRestAt < 3 * lastRest;
      const least = Math.max(SHORTEST_REST_MS, startMs / START_SHARE);
      lastRest = Math.min(LONGEST_REST_MS, Math.max(least, isSoon ? 2 * lastRest : 0));
      lastRestAt = time;
      // Where rests follow each other, each pays for the start after it.
      left = isSoon ? Math.min(BURST, (lastRest / 1000) * ENTRIES_A_SECOND) : BURST;
      at = time + lastRest;
      return lastRest;
    },
  };
}
