/** Signals that we get and the command should have. They are ours before anything is made, so that all of it is cleared up. */

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { parsePidStat } from '../../kernel/proc-pid.ts';

const PASSED = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const;
type Passed = (typeof PASSED)[number];
/** Signals that a terminal sends to all of its foreground processes, so that the command has got them already. */
const FROM_TERMINAL: ReadonlySet<Passed> = new Set(['SIGINT', 'SIGQUIT']);
const ENDING: ReadonlySet<Passed> = new Set(['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP']);

export interface TakenSignals {
  /**
   * Passes signals to the command, which waits, from now on. False where one came before: the command is then ended by SIGKILL.
   * `isInit`: the command is pid 1 of a namespace, to which the kernel delivers only signals that it handles. A signal that would
   * have ended it is then replaced by SIGKILL.
   */
  passTo(pid: number, isInit: boolean): Promise<boolean>;
  /** Ignores signals from now on, as the command has ended. Gives the number of a signal that was replaced by SIGKILL. */
  drop(): number | undefined;
}

/** Takes the signals for the rest of this process: a second Ctrl-C ends the command, and not what clears up after it. */
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
      // After a whole turn of the event loop every signal is known that came while there was no command.
      await setImmediate();
      await setImmediate();
      if (early) end(early);
      act = (signal) => {
        if (isInit && ENDING.has(signal) && !takes(pid, constants.signals[signal])) end(signal);
        else if (!(FROM_TERMINAL.has(signal) && isForeground())) send(pid, signal);
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
    // The command has just ended.
  }
}

/** Whether the terminal has signalled us with our whole process group, wherever our standard input is. */
function isForeground(): boolean {
  const stat = parsePidStat(readFileSync('/proc/self/stat', 'utf8'));
  return stat !== undefined && stat.pgrp === stat.tpgid;
}

/** Whether the process has said what becomes of the signal: it handles it, blocks it to wait for it, or ignores it. */
function takes(pid: number, signal: number): boolean {
  try {
    const masks = readFileSync(`/proc/${pid}/status`, 'utf8').matchAll(/^Sig(?:Cgt|Blk|Ign):\s*([0-9a-f]+)$/gm);
    return [...masks].some(([, mask]) => ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n);
  } catch {
    return true;
  }
}
