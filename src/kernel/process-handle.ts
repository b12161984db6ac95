/** A process held by its identity, so that a signal cannot reach another that has its pid since. */

import { closeSync } from 'node:fs';
import { isWithin } from './cgroup-path.ts';
import { codeOf } from './error-code.ts';
import { readText } from './if-there.ts';
import { loadNative } from './native.ts';
import { parseMembership, pathBeneath } from './proc-cgroup.ts';
import { type PidStat, parsePidStat } from './proc-pid.ts';

export interface ProcessHandle {
  readonly pid: number;
  /** Clock ticks since boot: with the pid, its identity. */
  readonly startTime: number;
  /** False where it has ended. Throws any other answer of the kernel (EPERM). */
  signal(signal: number): boolean;
  close(): void;
}

/**
 * Opens the process first and checks it then, so that no other process can take the pid in between. undefined where it has
 * ended, is a zombie, or is neither in the cgroup nor below it.
 */
export function openProcess(pid: number, path: string, root?: string): ProcessHandle | undefined {
  const { native } = loadNative();
  let fd = -1;
  try {
    if (native) fd = native.pidfdOpen(pid);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return undefined;
    // The id is that of a thread, or the kernel or a filter has no pidfd_open: the start time alone identifies the process.
    if (!['EINVAL', 'ENOSYS', 'EPERM'].includes(codeOf(error) ?? '')) throw error;
  }
  const close = (): void => {
    if (fd >= 0) closeSync(fd);
    fd = -1;
  };
  const startTime = startTimeOf(pid);
  if (startTime === undefined || !isWithin(cgroupOf(pid, root), path)) {
    close();
    return undefined;
  }
  return {
    pid,
    startTime,
    close,
    signal: (signal) => {
      try {
        if (fd >= 0 && native) native.pidfdSendSignal(fd, signal);
        else if (startTimeOf(pid) === startTime) process.kill(pid, signal);
        else return false;
        return true;
      } catch (error) {
        if (codeOf(error) === 'ESRCH') return false;
        throw error;
      }
    },
  };
}

/** undefined where there is no such process. */
export const readPidStat = (pid: number): PidStat | undefined => parsePidStat(readText(`/proc/${pid}/stat`));

/** undefined where there is no such process, or only a zombie. */
export function startTimeOf(pid: number): number | undefined {
  const stat = readPidStat(pid);
  return stat === undefined || stat.state === 'Z' || stat.state === 'X' ? undefined : stat.starttime;
}

/** The path beneath the mount of `root`; undefined where it lies outside of it. */
export function cgroupOf(pid: number, root = '/'): string | undefined {
  const membership = parseMembership(readText(`/proc/${pid}/cgroup`));
  return membership && pathBeneath(root, membership.path);
}
