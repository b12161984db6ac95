/** A call that the kernel refused, and a row that says why. */
export type Operation = 'read' | 'write' | 'find' | 'mkdir' | 'rmdir' | 'clone3' | 'signal' | 'exec' | 'step' | 'map';

export interface RefusedCall {
  readonly operation: Operation;
  /** The interface file; of a step its call with what it makes, as `mount overlay`. */
  readonly file?: string;
  /** Of the cgroup. */
  readonly path?: string;
  readonly code: string;
}

export interface RefusalRow {
  /** Separated by blanks; all operations where there is none. */
  readonly on?: string;
  /** Names of files, each with a `*` for any text; every file where there is none. */
  readonly files?: readonly string[];
  /** errno names, separated by blanks. */
  readonly codes: string;
  readonly reason: string | ((call: RefusedCall) => string);
  readonly remedy?: string | ((call: RefusedCall) => string);
}
