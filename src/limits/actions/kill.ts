/** Ending what runs in a cgroup: by cgroup.kill, or with a signal of one's choice and time to obey it. */

import { constants } from 'node:os';
import { CgroupFileError, type CgroupFiles } from '../../kernel/cgroup-files.ts';
import { codeOf, isGone } from '../../kernel/error-code.ts';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import { openProcess } from '../../kernel/process-handle.ts';
import { refusalText } from '../../kernel/refusals.ts';
import { inhabitants } from '../../kernel/subtree.ts';
import type { NamedCgroup } from '../model.ts';
import { ActionError } from './action-error.ts';
import { untilEvent } from './until-event.ts';

export interface KillRequest {
  /** Number of the signal. */
  readonly signal: number;
  /** Milliseconds until SIGKILL follows another signal; undefined: it does not. */
  readonly graceMs?: number;
}

export interface KillResult {
  /** Processes in it at the beginning. */
  readonly found: number;
  /** Processes that the signal was sent to. */
  readonly signalled: number;
  /** Processes that were sent SIGKILL. */
  readonly killed: number;
  /** Processes left. */
  readonly left: number;
}

const { SIGKILL } = constants.signals;

/** How long to wait after SIGKILL: a task that waits in the kernel (state D) ends only when that wait is over. */
const KILL_MS = 10_000;
/** Without cgroup.kill the processes are killed one by one; each round finds what was forked during the one before. */
const MOST_ROUNDS = 100;

/** Throws ActionError where the cgroup is another by now, and where processes could not be signalled or do not end. */
export async function killPlace(place: NamedCgroup, request: KillRequest, files: CgroupFiles): Promise<KillResult> {
  checkIdentity(place, files);
  const { pids, foreign } = inhabitants(files, place.path);
  const found = pids.length + foreign;
  if (found === 0) return { found, signalled: 0, killed: 0, left: 0 };
  if (request.signal === SIGKILL) {
    await killAll(place, files);
    return { found, signalled: 0, killed: found, left: left(place, files) };
  }
  const signalled = signalEach(pids, place, request.signal, files.root);
  const unreached = signalled === 0 ? left(place, files) : 0;
  if (unreached > 0) {
    throw new ActionError(
      `${unreached} processes are in ${place.name} (${place.path}), and none could be signalled: their /proc/PID/cgroup does not lead there from this PID or cgroup namespace; run it on the host, or end them all with --signal KILL`,
    );
  }
  if (request.graceMs === undefined) return { found, signalled, killed: 0, left: left(place, files) };
  if (await untilEmpty(place, files, request.graceMs)) return { found, signalled, killed: 0, left: 0 };
  const killed = left(place, files);
  await killAll(place, files);
  return { found, signalled, killed, left: left(place, files) };
}

/** A signal finds its processes by path, which a restarted unit shares with the one before it. */
function checkIdentity({ name, path, inode }: NamedCgroup, files: CgroupFiles): void {
  let now: number | undefined;
  try {
    now = files.inode(path);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
  if (now === inode) return;
  const why = now === undefined ? 'has ended' : 'has ended, and another cgroup has its path';
  throw new ActionError(`${name} (${path}, inode ${inode}) ${why}: nothing was signalled`);
}

function left({ path }: NamedCgroup, files: CgroupFiles): number {
  const { pids, foreign } = inhabitants(files, path);
  return pids.length + foreign;
}

function signalEach(pids: readonly number[], { path, name }: NamedCgroup, signal: number, root?: string): number {
  let count = 0;
  let denied = 0;
  for (const pid of pids) {
    const handle = openProcess(pid, path, root);
    try {
      if (handle?.signal(signal)) count++;
    } catch (error) {
      if (codeOf(error) !== 'EPERM') throw error;
      denied++;
    } finally {
      handle?.close();
    }
  }
  if (denied > 0) {
    throw new ActionError(
      `${denied} of ${pids.length} processes of ${name} could not be signalled: EPERM (${refusalText({ operation: 'signal', code: 'EPERM' })})`,
    );
  }
  return count;
}

/** Kills the whole tree at once, with what it forks meanwhile, and waits until all of it is gone. */
async function killAll(place: NamedCgroup, files: CgroupFiles): Promise<void> {
  const { path, inode, name } = place;
  try {
    files.write(path, inode, 'cgroup.kill', '1');
  } catch (error) {
    const code = error instanceof CgroupFileError ? codeOf(error) : undefined;
    // Before 5.14 there is no such file; in a threaded cgroup it does not work.
    if (code === 'ENODEV' || code === 'ESTALE') return;
    if (code !== 'ENOENT' && code !== 'ENOTSUP') throw error;
    killRoundByRound(place, files);
  }
  if (!(await untilEmpty(place, files, KILL_MS))) {
    throw new ActionError(
      `SIGKILL was sent to ${name} (${path}), but ${left(place, files)} processes are still there after ${KILL_MS / 1000} s: they wait in the kernel (state D) and end when they come back from it`,
    );
  }
}

function killRoundByRound(place: NamedCgroup, files: CgroupFiles): void {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const { pids } = inhabitants(files, place.path);
    if (pids.length === 0 || signalEach(pids, place, SIGKILL, files.root) === 0) return;
  }
}

/** Processes that are left; zombies do not count. */
async function untilEmpty({ path }: NamedCgroup, files: CgroupFiles, timeoutMs: number): Promise<boolean> {
  const isEmpty = (): boolean => {
    try {
      return parseFlatKeyed(files.read(path, 'cgroup.events')).get('populated') === 0;
    } catch (error) {
      if (isGone(error)) return true;
      throw error;
    }
  };
  return untilEvent(files, path, isEmpty, { timeoutMs });
}

export const SIGNAL_NAMES: readonly string[] = Object.keys(constants.signals).flatMap((name) => [
  name.replace(/^SIG/, ''),
  name,
]);

/** `TERM`, `SIGTERM`, `15`: its number; undefined for none. */
export function signalNumber(text: string): number | undefined {
  const signals = new Map<string, number>(Object.entries(constants.signals));
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    return number >= 1 && number <= 64 ? number : undefined;
  }
  const name = text.toUpperCase();
  return signals.get(name.startsWith('SIG') ? name : `SIG${name}`);
}
