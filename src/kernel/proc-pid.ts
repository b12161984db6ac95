/** Files of one process: /proc/PID/{stat,status,schedstat,cmdline}. Each comment shows one. Names are the kernel's. */

import { parseSingleValue, restOfLine } from './single-value.ts';

/** Times are in clock ticks of 1/100 s (USER_HZ). A process is (pid, starttime): pids are used again. */
export interface PidStat {
  readonly pid: number;
  /**
   * At most 15 bytes (63 for kernel workers), of the process's own choosing: may hold anything but NUL. Clean it before
   * showing.
   */
  readonly comm: string;
  /** R S D T t Z X I … */
  readonly state: string;
  readonly ppid: number;
  readonly pgrp: number;
  readonly session: number;
  /** Device number of the terminal; 0 for none. */
  readonly tty_nr: number;
  /** The terminal's foreground process group; NaN without a terminal. */
  readonly tpgid: number;
  /** PF_* bits. */
  readonly flags: number;
  readonly utime: number;
  readonly stime: number;
  readonly priority: number;
  readonly nice: number;
  readonly num_threads: number;
  /** Ticks since boot. */
  readonly starttime: number;
  /** Bytes. */
  readonly vsize: number;
  /** Pages. */
  readonly rss: number;
  /** The CPU that it ran on last. */
  readonly processor: number;
  /** The address of its arguments, another one after an exec; 0 where it is not ours to see (PTRACE_MODE_READ). */
  readonly arg_start: number;
  /** The end of them; while a program is being executed, 0 until they are there. */
  readonly arg_end: number;
}

/**
 * /proc/PID/stat: `185 (a) b (c)) S 1 185 185 0 -1 4194560 …`. The name may hold blanks and parentheses: it ends at the
 * last one. undefined for a text that is no such line (the process has gone).
 */
export function parsePidStat(text: string): PidStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  const pid = parseSingleValue(text.slice(0, Math.max(open, 0)));
  const words = text
    .slice(close + 1)
    .trim()
    .split(' ');
  const [state] = words;
  if (open < 0 || close < open || !(pid >= 0) || state === undefined || state === '') return undefined;
  /** By the number in proc_pid_stat(5); 3 is the state. */
  const field = (number: number): number => parseSingleValue(words[number - 3]);
  return {
    pid,
    comm: text.slice(open + 1, close),
    state,
    ppid: field(4),
    pgrp: field(5),
    session: field(6),
    tty_nr: field(7),
    tpgid: field(8),
    flags: field(9),
    utime: field(14),
    stime: field(15),
    priority: field(18),
    nice: field(19),
    num_threads: field(20),
    starttime: field(22),
    vsize: field(23),
    rss: field(24),
    processor: field(39),
    arg_start: field(48),
    arg_end: field(49),
  };
}

const PF_KTHREAD = 0x00200000;

/** One of the kernel's own, with no program. */
export const isKernelThread = ({ flags }: Pick<PidStat, 'flags'>): boolean => (flags & PF_KTHREAD) !== 0;

/** Of /proc/PID/status, what stat lacks. */
export interface PidStatus {
  /** As `comm` of stat. */
  readonly Name: string;
  readonly PPid: number;
  readonly Tgid: number;
  /** Real, effective, saved, file system. */
  readonly Uid: readonly number[];
  /** Pids from the reader's PID namespace inward: the last is its pid in its own. Empty on kernels without it. */
  readonly NSpid: readonly number[];
}

/**
 * /proc/PID/status, keys in any order:
 *
 *     Name:	sleep
 *     Uid:	0	0	0	0
 *     NSpid:	185	1
 */
export function parsePidStatus(text: string): PidStatus {
  /** What the line of that key says. Five of sixty are wanted: to split the text would take five times the memory. */
  const line = (key: string): string => restOfLine(text, `${key}:`)?.replace(/^[\t ]/, '') ?? '';
  const words = (key: string): string[] =>
    line(key)
      .split(/\s+/)
      .filter((word) => word !== '');
  const number = (key: string): number => parseSingleValue(words(key)[0]);
  const numbers = (key: string): number[] => words(key).map(parseSingleValue);
  return {
    Name: unescapeName(line('Name')),
    PPid: number('PPid'),
    Tgid: number('Tgid'),
    Uid: numbers('Uid'),
    NSpid: numbers('NSpid'),
  };
}

/** status escapes newline and backslash in the name; stat does not. */
const unescapeName = (name: string): string =>
  name.replace(/\\([n\\])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));

export interface Schedstat {
  /** Nanoseconds on a CPU. */
  readonly run_ns: number;
  /** Nanoseconds runnable but waiting for one, time throttled by cpu.max included. */
  readonly wait_ns: number;
  /** Times it got a CPU. */
  readonly slices: number;
}

/** /proc/PID/task/TID/schedstat: `9012345 1200345 87`. /proc/PID/schedstat is the main thread only. */
export function parseSchedstat(text: string): Schedstat {
  const [run, wait, slices] = text.trim().split(/\s+/);
  return { run_ns: parseSingleValue(run), wait_ns: parseSingleValue(wait), slices: parseSingleValue(slices) };
}

/** /proc/PID/cmdline: arguments ended by NUL. Empty for kernel threads and zombies. Untrusted: clean it before showing. */
export function parseCmdline(text: string): string[] {
  /** A process that overwrote its title leaves a run of NULs behind it. */
  const title = text.replace(/\0+$/, '');
  return title === '' ? [] : title.split('\0');
}
