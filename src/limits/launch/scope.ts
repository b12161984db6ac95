/** A transient systemd scope for a command, where systemd manages the machine: systemd makes the cgroup and removes it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { RuntimeSocket } from '../../inventory/sockets.ts';
import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import { ActionError } from '../actions/action-error.ts';
import { cgroupOf, openProcess } from '../actions/process-handle.ts';
import { inhabitants } from '../actions/subtree.ts';
import { untilEvent } from '../actions/until-event.ts';
import { startTransientUnit } from '../owners/systemd-manager.ts';
import type { RunPlace } from './place.ts';

/** The bus of the manager that may make our scopes; undefined where systemd does not run the machine. */
export function scopeBus(sockets: readonly RuntimeSocket[]): string | undefined {
  if (!existsSync('/run/systemd/system')) return undefined;
  const uid = process.getuid?.() ?? 0;
  return sockets.find(
    (entry) => entry.runtime === 'systemd' && entry.state === 'usable' && entry.uid === (uid === 0 ? undefined : uid),
  )?.path;
}

/** Where systemd would make it: the slice that it gives to what names none. Throws ActionError for a name that is taken. */
export function planScope(name: string, files: CgroupFiles): Pick<RunPlace, 'path' | 'enabled'> {
  const uid = process.getuid?.() ?? 0;
  const slice = uid === 0 ? '/system.slice' : `/user.slice/user-${uid}.slice/user@${uid}.service/app.slice`;
  const path = `${slice}/${name}.scope`;
  if (existsSync(join(files.mount, path))) throw new ActionError(`${name}.scope exists already: give another --name`);
  return { path, enabled: [] };
}

/**
 * Puts the waiting process into a scope. systemd removes a scope the moment it is empty, and its figures with it: so a
 * process of ours sits in it until they are read.
 */
export async function makeScope(bus: string, name: string, pid: number, files: CgroupFiles): Promise<RunPlace> {
  const holder = spawn('/bin/sh', ['-c', 'read -r end'], { cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] });
  const letGo = (): void => {
    holder.stdin.end();
  };
  try {
    if (holder.pid === undefined) throw new ActionError('/bin/sh cannot be started');
    await startTransientUnit(bus, `${name}.scope`, [
      ['Description', 's', `tscg run ${name}`],
      ['PIDs', 'au', [pid, holder.pid]],
      ['CPUAccounting', 'b', true],
      ['MemoryAccounting', 'b', true],
      ['IOAccounting', 'b', true],
      ['TasksAccounting', 'b', true],
      ['CollectMode', 's', 'inactive-or-failed'],
    ]);
    const path = cgroupOf(pid, files.root);
    if (!path?.endsWith(`/${name}.scope`)) throw new ActionError(`systemd did not put the command into ${name}.scope`);
    return {
      name,
      path,
      inode: files.inode(path),
      enabled: [],
      empty: () => endOthers(path, holder.pid ?? 0, files),
      remove: async () => {
        letGo();
        const isRemoved = (): boolean => !existsSync(join(files.mount, path));
        await untilEvent(files, path.slice(0, path.lastIndexOf('/')) || '/', isRemoved, END_MS);
      },
    };
  } catch (error) {
    letGo();
    throw error;
  }
}

const END_MS = 10_000;

async function endOthers(path: string, keep: number, files: CgroupFiles): Promise<number> {
  let ended = 0;
  const others = (): number[] => inhabitants(files, path).pids.filter((pid) => pid !== keep);
  const isEmpty = (): boolean => {
    const left = others();
    for (const pid of left) {
      const handle = openProcess(pid, path);
      if (handle?.signal(constants.signals.SIGKILL)) ended++;
      handle?.close();
    }
    return left.length === 0;
  };
  await untilEvent(files, path, isEmpty, END_MS);
  return ended;
}
