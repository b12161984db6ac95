/**
 * A time-out that counts only time in which this process could listen. While it gets no CPU, or loads a module, answers lie
 * unread in the socket. That is not the daemon's fault, so that each such stretch counts as one slice of the time-out.
 */

/** The time-out of a request by default. */
export const TIMEOUT_MS = 2_000;

const SLICES = 8;

/** Calls `onEnd` once after the time-out, unless the function that it gives is called before. */
export function patience(ms: number, onEnd: () => void, { keepsAlive }: { readonly keepsAlive: boolean }): () => void {
  let left = SLICES;
  let timer: NodeJS.Timeout | undefined;
  const next = (): void => {
    if (left-- === 0) {
      onEnd();
      return;
    }
    timer = setTimeout(next, ms / SLICES);
    if (!keepsAlive) timer.unref();
  };
  next();
  return () => clearTimeout(timer);
}
