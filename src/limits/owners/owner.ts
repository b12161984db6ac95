/** Who changes a cgroup's limits, so that the change lasts. One backend a file in this folder. */

import { ApiError } from '../../inventory/runtimes/api-error.ts';
import { rightsRemedy } from '../../kernel/rights.ts';
import type { OwnerName, Write } from '../model.ts';

export interface Owner {
  readonly name: OwnerName;
  /** Whether it has a property for the file. */
  sets(file: string): boolean;
  /** What the owner calls the value of a file, as `MemoryMax=50331648`; undefined where it has no such property. */
  describe(file: string, text: string): string | undefined;
  /** The text that the owner can keep, where it rounds: what will be read back. */
  keeps(file: string, text: string): string;
  /**
   * Rejects with OwnerError where the subject of the writes is not the cgroup at their path: another unit of that name, a
   * container that runs elsewhere by now. Asked before the first write of a group, and again before it is rolled back.
   */
  confirm(writes: readonly Write[]): Promise<void>;
  /** Makes changes of one subject, together. Throws with what was tried, the value, the cause and the remedy. */
  apply(writes: readonly Write[]): Promise<void>;
}

/** Whether the owner may set the value again in the cgroup that a restart of the workload makes; a scope, and a container of the CRI, has none. */
export const survivesRestart = ({ via, subject }: Pick<Write, 'via' | 'subject'>): boolean =>
  via !== 'cgroupfs' && via !== 'cri' && !subject.endsWith('.scope');

/** An owner refused or did not answer. */
export class OwnerError extends Error {
  override readonly name = 'OwnerError';
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
