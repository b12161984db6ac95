/**
 * A time-out in time that this process could listen. On a machine that starves it, or while it loads a module, answers lie
 * in the socket unread: that is not the daemon's fault, so each stretch without a turn counts as one slice only.
 */

/** What a request is given where nobody says otherwise. */
export const TIMEOUT_MS = 2_000;

const SLICES = 8;

/** Calls back once, unless it is ended before. Keeps the process alive meanwhile if told so. Returns what ends it. */
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
