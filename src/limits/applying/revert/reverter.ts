/** Whoever will take a change of --for back: a timer of systemd, or a process of ours that sleeps. */
import { constants } from 'node:os';
import { isRecord } from '../../../inventory/names/json.ts';
import { openProcess } from '../../actions/process-handle.ts';
import { callManager } from '../../owners/systemd-manager.ts';

export type Reverter =
  /** `bus`: path of the socket of the manager that has it. */
  | { readonly kind: 'timer'; readonly unit: string; readonly bus: string }
  | { readonly kind: 'process'; readonly pid: number; readonly startTime: number };

/** `process 1234`, `tscg-revert-5f0c9a1e.timer of systemd`. */
export const reverterText = (reverter: Reverter): string =>
  reverter.kind === 'timer' ? `${reverter.unit} of systemd` : `process ${reverter.pid}`;

/** The change is taken back by now, so nobody needs to wait for it. He may be the one who does it, or be gone. */
export async function endReverter(reverter: Reverter): Promise<void> {
  try {
    if (reverter.kind === 'timer') await callManager(reverter.bus, 'StopUnit', 'ss', [reverter.unit, 'replace']);
    else if (reverter.pid !== process.pid) endProcess(reverter.pid, reverter.startTime);
  } catch {
    // Of another user, or a timer that has run: it finds nothing left to do when its time comes.
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

/** As the journal keeps it. */
export const isReverter = (value: unknown): value is Reverter =>
  isRecord(value) &&
  (value.kind === 'timer'
    ? typeof value.unit === 'string' && typeof value.bus === 'string'
    : value.kind === 'process' && typeof value.pid === 'number' && typeof value.startTime === 'number');
