/** Signals that we get and the command should have. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { isatty } from 'node:tty';

const PASSED = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal sends them to all of its foreground processes, so that the command has them already. */
const FROM_TERMINAL: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT']);
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP']);

/**
 * `isInit`: it is pid 1 of a namespace, to whom the kernel delivers only what it has a handler for: what would have
 * ended it then ends it by SIGKILL. Gives what ends the passing, with the signal that it died of in our place.
 */
export function passSignals(pid: number, isInit: boolean): () => number | undefined {
  let deadly: number | undefined;
  const handlers = PASSED.map((signal) => {
    const pass = (): void => {
      try {
        if (isInit && ENDING.has(signal) && !catches(pid, constants.signals[signal])) {
          deadly = constants.signals[signal];
          process.kill(pid, 'SIGKILL');
        } else if (!(FROM_TERMINAL.has(signal) && isatty(0))) process.kill(pid, signal);
      } catch {
        // It has just ended.
      }
    };
    process.on(signal, pass);
    return [signal, pass] as const;
  });
  return () => {
    for (const [signal, pass] of handlers) process.off(signal, pass);
    return deadly;
  };
}

function catches(pid: number, signal: number): boolean {
  try {
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
    return ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) === 1n;
  } catch {
    return true;
  }
}
