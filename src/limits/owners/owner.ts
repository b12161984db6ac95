/** Who changes a cgroup's limits, so that the change lasts. One backend a file in this folder. */

import { ApiError } from '../../inventory/runtimes/api-error.ts';
import { rightsRemedy } from '../../kernel/rights.ts';
import { errorText } from '../../text/error-text.ts';
import type { OwnerName, Write } from '../model.ts';

/**
 * How long an engine may take to answer. It may be stopped; one that is busy takes a second, and a freeze waits for every
 * task.
 */
export const ENGINE_PATIENCE_MS = 15_000;

export interface Owner {
  readonly name: OwnerName;
  /** Whether it has a property for the file. */
  sets(file: string): boolean;
  /** What the owner calls the value of a file, as `MemoryMax=50331648`; undefined where it has no such property. */
  describe(file: string, text: string): string | undefined;
  /** The text that the owner can keep, where it rounds: what will be read back. */
  keeps(file: string, text: string): string;
  /**
   * Asks the owner whether its subject is the cgroup at the path of the writes. Rejects with NotOwnerError where it is not
   * (another unit of that name, a container that runs elsewhere by now), with OwnerError where the owner does not answer.
   * Asked before the first write of a group, and again before it is rolled back.
   */
  confirm(writes: readonly Write[]): Promise<void>;
  /** Makes changes of one subject, together. Throws with what was tried, the value, the cause and the remedy. */
  apply(writes: readonly Write[]): Promise<void>;
}

/**
 * Whether the owner may set the value again in the cgroup that a restart of the workload makes; a scope, and a container of
 * the CRI, has none.
 */
export const survivesRestart = ({ via, subject }: Pick<Write, 'via' | 'subject'>): boolean =>
  via !== 'cgroupfs' && via !== 'cri' && !subject.endsWith('.scope');

/** An owner refused or did not answer. */
export class OwnerError extends Error {
  override readonly name = 'OwnerError';
}

/** The owner says that the cgroup is not what it calls by that name. */
export class NotOwnerError extends OwnerError {
  /** What the owner says, for a Plan that does without it. */
  readonly fact: string;

  constructor(fact: string, options?: ErrorOptions) {
    super(`${fact}: nothing is written by that name; to write the file itself add --via cgroupfs`, options);
    this.fact = fact;
  }
}

/** What an owner is asked for. Throws OwnerError with what was asked of whom, NotOwnerError where it knows no such subject. */
export async function askOwner<Answer>(what: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    const text = errorText(error);
    if (error instanceof ApiError && error.status === 404)
      throw new NotOwnerError(`${what}: ${text}`, { cause: error });
    throw new OwnerError(
      `${what} cannot be asked for its cgroup, and nothing is written by a name that is not confirmed: ${text} (past it: --via cgroupfs)`,
      { cause: error },
    );
  }
}

/**
 * Whether the owner knows nothing of what it was asked to change, so that it keeps nothing of it either: it is removed, its
 * user's manager has ended, or it is of a podman that keeps no update and has no process to give it to.
 */
export function isUnknown(error: unknown, via: OwnerName): boolean {
  if (!(error instanceof OwnerError) || !(error.cause instanceof Error)) return false;
  const { cause } = error;
  if (via === 'systemd') return /\bUnit \S+ not (?:found|loaded)\b|\bENOENT\b/.test(cause.message);
  const { status = 0 } = cause instanceof ApiError ? cause : {};
  return status === 404 || (via === 'podman' && status >= 500);
}

/** What to do where systemd's answer, or the bus's, says that the user may not; empty for any other answer. */
export function permissionRemedy(answer: string): string {
  // The bus's own policy comes before polkit is asked.
  if (/Rejected send message/.test(answer)) return ` (${rightsRemedy()})`;
  const isRefusal = /auth|denied|permi/i.test(answer);
  return isRefusal ? ` (${rightsRemedy('allow org.freedesktop.systemd1.manage-units in polkit')})` : '';
}
