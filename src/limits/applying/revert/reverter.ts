/** What takes a change of --for back in time: a timer of systemd, or a process of ours that sleeps. */

import { constants } from 'node:os';
import { isRecord } from '../../../inventory/names/json.ts';
import { openProcess } from '../../../kernel/process-handle.ts';
import { callManager } from '../../owners/systemd-manager.ts';

export type Reverter =
  /** `bus`: path of the socket of the manager that has it. */
  | { readonly kind: 'timer'; readonly unit: string; readonly bus: string }
  | { readonly kind: 'process'; readonly pid: number; readonly startTime: number };

/** `process 1234`, `tscg-revert-5f0c9a1e.timer of systemd`. */
export const reverterText = (reverter: Reverter): string =>
  reverter.kind === 'timer' ? `${reverter.unit} of systemd` : `process ${reverter.pid}`;

/** Ends it once the change is taken back. It may be this very process, or have ended already. */
export async function endReverter(reverter: Reverter): Promise<void> {
  try {
    if (reverter.kind === 'timer') await callManager(reverter.bus, 'StopUnit', 'ss', [reverter.unit, 'replace']);
    else if (reverter.pid !== process.pid) endProcess(reverter.pid, reverter.startTime);
  } catch {
    // It belongs to another user, or its timer has run: when its time comes it finds nothing to do.
  }
}

function endProcess(pid: number, startTime: number): void {
  const handle = openProcess(pid, '/');
  try {
    if (handle?.startTime === startTime) handle.signal(constants.signals.SIGTERM);
  } finally {
    handle?.close();
  }
}

/** Whether a value of the journal has this shape. */
export const isReverter = (value: unknown): value is Reverter =>
  isRecord(value) &&
  (value.kind === 'timer'
    ? typeof value.unit === 'string' && typeof value.bus === 'string'
    : value.kind === 'process' && typeof value.pid === 'number' && typeof value.startTime === 'number');
