/** State and CPU of a thread: fields 3 and 39 of /proc/PID/task/TID/stat, of which no string is made. */

export interface ThreadState {
  /** `R`, `S`, `D`, … */
  readonly state: string;
  /** The CPU that it runs on, or ran on last. */
  readonly cpu: number;
}

const CLOSE = ')'.charCodeAt(0);
const BLANK = ' '.charCodeAt(0);
const ZERO = '0'.charCodeAt(0);
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
