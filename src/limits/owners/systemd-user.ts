/** The manager of another user: its bus lets in nobody else, root included, so that root becomes that user for a command. */

import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

export interface BusUser {
  readonly uid: number;
  readonly gid: number;
  /** `/run/user/1000` */
  readonly runtimeDirectory: string;
}

const PATIENCE_MS = 10_000;

/** The owner of a user's bus; undefined where it is ours or the system's. Throws where the bus is gone. */
export function otherUser(socket: string): BusUser | undefined {
  if (!socket.startsWith('/run/user/')) return undefined;
  const { uid, gid } = statSync(socket);
  return uid === process.getuid?.() ? undefined : { uid, gid, runtimeDirectory: dirname(socket) };
}

/** `systemctl --user WORDS` as that user: what it printed, trimmed. */
export async function systemctlAs({ uid, gid, runtimeDirectory }: BusUser, words: readonly string[]): Promise<string> {
  const { execFile } = await import('node:child_process');
  const { stdout } = await promisify(execFile)('systemctl', ['--user', ...words], {
    uid,
    gid,
    timeout: PATIENCE_MS,
    env: {
      PATH: process.env.PATH,
      XDG_RUNTIME_DIR: runtimeDirectory,
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${runtimeDirectory}/bus`,
    },
  });
  return stdout.trim();
}
