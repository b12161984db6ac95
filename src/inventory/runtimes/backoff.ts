/** Who failed is left alone for 1 s, then 2, 4, … up to 60. */

const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

export interface Backoff {
  isDue(): boolean;
  /** Until it may be asked again; 0 when it may be now. */
  remainingMs(): number;
  failed(): void;
  succeeded(): void;
}

export function createBackoff(clock: () => number = () => performance.now()): Backoff {
  let delay = 0;
  let notBefore = Number.NEGATIVE_INFINITY;
  const remainingMs = (): number => Math.max(0, notBefore - clock());
  return {
    remainingMs,
    isDue: () => remainingMs() === 0,
    failed() {
      delay = delay === 0 ? FIRST_MS : Math.min(delay * 2, LONGEST_MS);
      notBefore = clock() + delay;
    },
    succeeded() {
      delay = 0;
      notBefore = Number.NEGATIVE_INFINITY;
    },
  };
}
