/**
 * Keeps every CPU awake while costs are measured. A CPU that sleeps loses its caches, and that of a virtual machine its page
 * tables as well: what wakes once a second then takes several times as long for the same work, and how much longer depends on
 * the machine. Where tstop is needed, no CPU sleeps.
 */

import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** It ends with the process that started it, whatever ends that. */
const LOOP = 'while kill -0 $PPID; do :; done 2> /dev/null';

/** Starts a loop on each CPU that gives way to whatever else wants to run (SCHED_IDLE); returns what ends them. */
export function keepAwake(): () => void {
  const loops = Array.from({ length: availableParallelism() }, () =>
    spawn('chrt', ['--idle', '0', 'sh', '-c', LOOP], { stdio: 'ignore' }).on('error', (error) => {
      console.log(`the CPUs may sleep: chrt: ${error.message}`);
    }),
  );
  return () => {
    for (const loop of loops) loop.kill('SIGKILL');
  };
}
