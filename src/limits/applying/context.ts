/** What applyPlan and its parts are given, and the error that they throw. */

import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import type { Machine } from '../../kernel/machine.ts';
import type { Write } from '../model.ts';
import type { Owner } from '../owners/owner.ts';
import type { Journal } from './journal.ts';
import type { Reverter } from './revert/reverter.ts';

export interface ApplyContext {
  readonly files: CgroupFiles;
  readonly machine: Machine;
  readonly journal: Journal;
  readonly command: readonly string[];
  /** Id that the change gets, from newChangeId(); one of its own if absent. */
  readonly id?: string;
  /** The change that this Plan takes back. */
  readonly undoes?: string;
  /** A note for the journal about a change that was applied; empty for none. */
  readonly note?: string | undefined;
  /** The timer or process that takes the change back after its time. It is ended once nothing is left to take back. */
  readonly reverter?: Reverter;
  /** memory.max below what is in use is written at once, whatever the kernel kills for it. */
  readonly force?: boolean | undefined;
  /** While memory comes down: bytes in use, and those to come down to. */
  readonly onProgress?: ((usage: number, target: number) => void) | undefined;
  /** Once aborted, what was written is taken back. A write under way ends first. */
  readonly signal?: AbortSignal | undefined;
  /** Told of each cgroup that ended meanwhile, whose writes are left out; without it such a one fails the whole change. */
  readonly onEnded?: ((write: Write) => void) | undefined;
  /** Makes the owner of a write; another one in tests. */
  readonly ownerOf?: (write: Pick<Write, 'via' | 'endpoint'>, files: CgroupFiles) => Owner;
}

/**
 * A write failed or did not stick. What had been written was taken back, unless the message says otherwise. Or the change was
 * made and its end could not be written to the journal.
 */
export class ApplyError extends Error {
  override readonly name = 'ApplyError';
}
