/**
 * How much CPU time a piece of work or a process took: what others run at the same time does not change it, as it does the
 * clock on the wall.
 */

import { readdirSync, readFileSync } from 'node:fs';

export function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Nanoseconds on a CPU of each thread of a process, the main one first (/proc/PID/task/TID/schedstat). */
export function threadsOf(pid: number): readonly number[] {
  const nanoseconds = (id: string): number =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]);
  return readdirSync(`/proc/${pid}/task`).map(nanoseconds);
}

/** Nanoseconds on a CPU of all threads that a process has. */
export const cpuOf = (pid: number): number => threadsOf(pid).reduce((sum, nanoseconds) => sum + nanoseconds, 0);
