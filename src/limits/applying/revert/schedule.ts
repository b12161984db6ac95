/**
 * A change that takes itself back, also when the terminal, the shell or tscg dies: somebody else runs `tscg revert ID`
 * in time. He is there before the first write. By then the journal may say that there is nothing left to do.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { RuntimeSocket } from '../../../inventory/sockets.ts';
import { startTimeOf } from '../../actions/process-handle.ts';
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

/** Starts whoever will do it. Throws where nobody can. */
export async function scheduleRevert(revert: Revert): Promise<Reverter> {
  const bus = systemBus(revert.sockets);
  if (!bus) return startHelper(revert);
  try {
    return await startTimer(bus, revert);
  } catch {
    // A bus that does not answer is no reason to go without.
    return startHelper(revert);
  }
}

/** A user's manager ends with his last session, so only the system's is trusted. */
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
 * A shell in a session of its own that goes to the root cgroup where it may, so that neither a hang-up nor the limits,
 * the freezing or the killing of our cgroup reach it; says so, and sleeps. SIGTERM ends it and its sleep.
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
