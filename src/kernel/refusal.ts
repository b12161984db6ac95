/** A call that the kernel refused, and a row that says why. */
export type Operation = 'read' | 'write' | 'find' | 'mkdir' | 'rmdir' | 'clone3' | 'signal' | 'exec' | 'step' | 'map';

export interface RefusedCall {
  readonly operation: Operation;
  /** The interface file. Of a `step` of a launch: its system call and what it makes, as `mount overlay`. */
  readonly file?: string;
  /** Path of the cgroup. */
  readonly path?: string;
  /** `EBUSY`. */
  readonly code: string;
}

export interface RefusalRow {
  /** Operations, separated by blanks; without, all of them. */
  readonly on?: string;
  /** Names of files, in each of which a `*` stands for any text; without, all of them. */
  readonly files?: readonly string[];
  /** errno names, separated by blanks. */
  readonly codes: string;
  readonly reason: string | ((call: RefusedCall) => string);
  readonly remedy?: string | ((call: RefusedCall) => string);
}
