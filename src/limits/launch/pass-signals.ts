/** Signals that we get and the command should have. They are ours before anything is made, so that all of it is cleared up. */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { isatty } from 'node:tty';

const PASSED = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
type Passed = (typeof PASSED)[number];
/** A terminal sends them to all of its foreground processes, so that the command has them already. */
const FROM_TERMINAL: ReadonlySet<Passed> = new Set(['SIGINT', 'SIGQUIT']);
const ENDING: ReadonlySet<Passed> = new Set(['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP']);

export interface TakenSignals {
  /**
   * From now on they go to the command, which waits. False where one came before: the command is ended by SIGKILL.
   * `isInit`: it is pid 1 of a namespace, to whom the kernel delivers only what it has a handler for: what would have
   * ended it then ends it by SIGKILL.
   */
  passTo(pid: number, isInit: boolean): Promise<boolean>;
  /** The command has ended: from now on they do nothing. Gives the signal that it died of in our place. */
  drop(): number | undefined;
}

/** For the rest of this process: whoever presses Ctrl-C twice ends the command, and not what clears up after it. */
export function takeSignals(): TakenSignals {
  let early: Passed | undefined;
  let deadly: number | undefined;
  let act = (signal: Passed): void => {
    early ??= signal;
  };
  for (const signal of PASSED) process.on(signal, () => act(signal));
  return {
    passTo: async (pid, isInit) => {
      const end = (signal: Passed): void => {
        deadly = constants.signals[signal];
        send(pid, 'SIGKILL');
      };
      // A turn of the event loop, whole: what came while there was no command is known after it.
      await setImmediate();
      await setImmediate();
      if (early) end(early);
      act = (signal) => {
        if (isInit && ENDING.has(signal) && !catches(pid, constants.signals[signal])) end(signal);
        else if (!(FROM_TERMINAL.has(signal) && isatty(0))) send(pid, signal);
      };
      return early === undefined;
    },
    drop: () => {
      act = () => {};
      return deadly;
    },
  };
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}

function catches(pid: number, signal: number): boolean {
  try {
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
    return ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) === 1n;
  } catch {
    return true;
  }
}
