/**
 * Keeps the CPUs and the memory of the machine busy while costs are measured, as they are where tstop is needed. On one at
 * rest a program that wakes once a second pays for the rest: its CPU has slept, and what watches for idle memory (DAMON,
 * page_idle) may have taken its pages for such. Each then costs some microseconds when it is touched again, which was seen to
 * be ten times what a tick takes.
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/tscg-bench/', import.meta.url));
const SOURCE = fileURLToPath(new URL('../neighbours/load.c', import.meta.url));
const MEBIBYTES = 1024;

/** Compiles test/neighbours/load.c; statically, so that it runs in a guest too. Returns its path. */
export function compileLoad(): string {
  mkdirSync(FOLDER, { recursive: true });
  const program = `${FOLDER}load`;
  const flags = ['-O1', '-static', '-pthread', '-o', program, SOURCE];
  const { status, stderr, error } = spawnSync('gcc', flags, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`gcc: ${error?.message ?? stderr}`);
  return program;
}

/**
 * Starts a process for each CPU that writes to 1 GiB of memory, page by page, and gives way to whatever else wants to run:
 * SCHED_IDLE within its session, and where the kernel shares the CPUs between sessions (sched_autogroup), the least nice value
 * of those. `load`: that program, compiled. Returns what ends them; they end with this process in any case.
 */
export function keepBusy(load: string): () => void {
  const command = ['--pdeathsig', 'KILL', 'chrt', '--idle', '0', load, 'touch', String(MEBIBYTES), '0'];
  const loads = Array.from({ length: availableParallelism() }, () =>
    // `detached` gives it a session of its own.
    spawn('setpriv', command, { stdio: 'ignore', detached: true }).on('error', (error) => {
      console.log(`the machine is at rest: setpriv: ${error.message}`);
    }),
  );
  for (const { pid } of loads) {
    const autogroup = `/proc/${pid}/autogroup`;
    if (existsSync(autogroup)) writeFileSync(autogroup, '19');
  }
  return () => {
    for (const one of loads) one.kill('SIGKILL');
  };
}
