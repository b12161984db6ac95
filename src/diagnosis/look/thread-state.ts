/**
 * State and CPU of a thread, read from a kept descriptor of /proc/PID/task/TID/stat without making a string of it: this is
 * read up to 64 × 60 times a second.
 */
import { closeSync, openSync, readSync } from 'node:fs';

export interface ThreadState {
  /** `R`, `S`, `D`, … */
  readonly state: string;
  /** That it runs on, or ran on last. */
  readonly cpu: number;
}

const CLOSE = ')'.charCodeAt(0);
const BLANK = ' '.charCodeAt(0);
const ZERO = '0'.charCodeAt(0);
/** `processor` is field 39 of proc_pid_stat(5), the state field 3. */
const FIELDS_BETWEEN = 39 - 3;

/** The name may hold blanks and parentheses: it ends at the last one. undefined for a text that is no such line. */
export function parseThreadState(bytes: Uint8Array, length: number): ThreadState | undefined {
  const close = bytes.subarray(0, length).lastIndexOf(CLOSE);
  const state = bytes[close + 2];
  if (close < 0 || state === undefined || close + 2 >= length) return undefined;
  let at = close + 2;
  for (let field = 0; field < FIELDS_BETWEEN; field++) {
    at = bytes.indexOf(BLANK, at) + 1;
    if (at === 0 || at >= length) return undefined;
  }
  let cpu = 0;
  for (let digit = bytes[at] ?? 0; digit >= ZERO && digit <= ZERO + 9; digit = bytes[++at] ?? 0) {
    cpu = cpu * 10 + digit - ZERO;
  }
  return { state: String.fromCharCode(state), cpu };
}

export interface StateReader {
  /** undefined where the thread has ended. */
  read(): ThreadState | undefined;
  close(): void;
}

/** One line is about 350 bytes; the name has at most 63. */
const shared = Buffer.alloc(1024);

/** undefined where the thread has ended, or is not ours to see. */
export function openThreadState(proc: string, tid: number): StateReader | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(`${proc}/${tid}/task/${tid}/stat`, 'r');
  } catch {
    return undefined;
  }
  return {
    read() {
      try {
        return parseThreadState(shared, readSync(descriptor, shared, 0, shared.length, 0));
      } catch {
        return undefined;
      }
    },
    close: () => closeSync(descriptor),
  };
}
