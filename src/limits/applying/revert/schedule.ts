/**
 * Schedules `tscg revert ID`, which takes a change back in time even if the terminal, the shell or tscg has died. The timer or
 * process is there before the first write. If the journal says by then that the change is undone, it does nothing.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { RuntimeSocket } from '../../../inventory/sockets.ts';
import { startTimeOf } from '../../../kernel/process-handle.ts';
import { startTransientUnit } from '../../owners/systemd-manager.ts';
import type { Reverter } from './reverter.ts';

export interface Revert {
  /** Of the change. */
  readonly id: string;
  readonly delayMs: number;
  /** The command without its arguments: node and tscg's script. */
  readonly tscg: readonly [node: string, script: string];
  readonly mount: string;
  readonly stateDirectory: string;
  readonly sockets: readonly RuntimeSocket[];
}

/** Starts the timer or the process. Throws if neither can be started. */
export async function scheduleRevert(revert: Revert): Promise<Reverter> {
  const bus = systemBus(revert.sockets);
  if (!bus) return startHelper(revert);
  try {
    return await startTimer(bus, revert);
  } catch {
    // The bus does not answer: a process does it instead.
    return startHelper(revert);
  }
}

/** Only the system's manager: a user's ends with the last session of the user. */
function systemBus(sockets: readonly RuntimeSocket[]): string | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/run/systemd/system')) return undefined;
  return sockets.find(({ runtime, uid, state }) => runtime === 'systemd' && uid === undefined && state === 'usable')
    ?.path;
}

async function startTimer(bus: string, { id, delayMs, tscg, stateDirectory, mount }: Revert): Promise<Reverter> {
  const name = `tscg-revert-${id}`;
  const [node, script] = tscg;
  const description = ['Description', 's', `take back change ${id} of tscg`] as const;
  await startTransientUnit(
    bus,
    `${name}.timer`,
    [
      description,
      ['TimersMonotonic', 'a(st)', [['OnActiveSec', BigInt(Math.round(delayMs * 1000))]]],
      ['AccuracyUSec', 't', 100_000n],
      ['RemainAfterElapse', 'b', false],
    ],
    [
      {
        name: `${name}.service`,
        properties: [
          description,
          ['Type', 's', 'oneshot'],
          ['CollectMode', 's', 'inactive-or-failed'],
          ['Environment', 'as', [`TSCG_STATE_DIR=${stateDirectory}`]],
          ['ExecStart', 'a(sasb)', [[node, [node, script, '--mount', mount, 'revert', id], false]]],
        ],
      },
    ],
  );
  return { kind: 'timer', unit: `${name}.timer`, bus };
}

/**
 * A shell in a session of its own, which moves to the root cgroup if it may: then no hang-up reaches it, nor what limits, freezes
 * or kills our cgroup. It prints "ready" and sleeps. SIGTERM ends it and its sleep.
 */
const HELPER = [
  'echo 0 2>/dev/null >"$1/cgroup.procs"; sleep "$2" >/dev/null & trap "kill $!; exit" TERM',
  'echo ready; exec >/dev/null; wait $!; trap - TERM; shift 2; exec "$@"',
].join('\n');

async function startHelper({ id, delayMs, tscg, mount, stateDirectory }: Revert): Promise<Reverter> {
  const seconds = String(delayMs / 1000);
  const child = spawn(
    '/bin/sh',
    ['-c', HELPER, 'tscg-revert', mount, seconds, ...tscg, '--mount', mount, 'revert', id],
    {
      detached: true,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, TSCG_STATE_DIR: stateDirectory },
    },
  );
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => {
      throw new Error('the process that would take the change back ended at once, so nothing was changed');
    }),
  ]);
  child.stdout.destroy();
  child.unref();
  const { pid = 0 } = child;
  return { kind: 'process', pid, startTime: startTimeOf(pid) ?? 0 };
}
