/** A transient systemd scope for a command, where systemd manages the machine: systemd makes the cgroup and removes it. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { ApiError } from '../../inventory/runtimes/api-error.ts';
import type { RuntimeSocket } from '../../inventory/sockets.ts';
import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import { parentOf } from '../../kernel/cgroup-path.ts';
import { cgroupOf, openProcess } from '../../kernel/process-handle.ts';
import { inhabitants } from '../../kernel/subtree.ts';
import { ActionError } from '../actions/action-error.ts';
import { untilEvent } from '../actions/until-event.ts';
import { BadValueError } from '../catalogue/units.ts';
import type { Edit, Request } from '../model.ts';
import { startTransientUnit, type UnitProperty } from '../owners/systemd-manager.ts';
import type { RunPlace } from './place.ts';

/** The bus of the manager that may make our scopes; undefined where systemd does not run the machine. */
export function scopeBus(sockets: readonly RuntimeSocket[]): string | undefined {
  if (!existsSync('/run/systemd/system')) return undefined;
  const uid = process.getuid?.() ?? 0;
  return sockets.find(
    (entry) => entry.runtime === 'systemd' && entry.state === 'usable' && entry.uid === (uid === 0 ? undefined : uid),
  )?.path;
}

/**
 * Where systemd would make it: the slice that it gives to what names none. Throws BadValueError for what is no name of a
 * scope, ActionError for one that is taken.
 */
export function planScope(name: string, files: CgroupFiles): Pick<RunPlace, 'path' | 'enabled'> {
  if (name.includes('@')) {
    throw new BadValueError(`--name: "${name}": systemd makes no scope with an @ in its name; give one without`);
  }
  const uid = process.getuid?.() ?? 0;
  const slice = uid === 0 ? '/system.slice' : `/user.slice/user-${uid}.slice/user@${uid}.service/app.slice`;
  const path = `${slice}/${name}.scope`;
  if (existsSync(join(files.mount, path))) throw taken(name);
  return { path, enabled: [] };
}

const taken = (name: string): ActionError =>
  new ActionError(
    `${name}.scope exists already: give another --name (systemctl status ${name}.scope tells what it is)`,
  );

/** The process of ours that sits in the scope counts as one of its tasks. */
export const withHolder = (edits: Request['edits']): Request['edits'] =>
  edits.map((entry) => {
    const { limit, edit } = entry;
    if (limit.file !== 'pids.max') return entry;
    const after: Edit['after'] = (before, peek) => {
      const asked = edit.after(before, peek);
      return asked === 'max' ? asked : String(Number(asked) + 1);
    };
    return {
      limit,
      edit: { ...edit, after, note: 'one more than asked: for the process of tscg that keeps the scope' },
    };
  });

/**
 * A process that stays until it is told to end: nothing that ends the command ends it, nor the OOM killer where we may
 * forbid that.
 */
function startHolder(): ChildProcessByStdio<Writable, null, null> {
  const script = 'trap "" INT QUIT TERM HUP; read -r end';
  const holder = spawn('/bin/sh', ['-c', script], { cwd: '/', stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  try {
    writeFileSync(`/proc/${holder.pid}/oom_score_adj`, '-1000');
  } catch {
    // A lower oom_score_adj takes CAP_SYS_RESOURCE.
  }
  return holder;
}

/**
 * Puts the waiting process into a scope. systemd removes a scope the moment it is empty, and its figures with it: so a
 * process of ours sits in it until they are read.
 */
export async function makeScope(bus: string, name: string, pid: number, files: CgroupFiles): Promise<RunPlace> {
  const holder = startHolder();
  const letGo = (): void => {
    holder.stdin.end();
  };
  try {
    if (holder.pid === undefined) throw new ActionError('/bin/sh cannot be started');
    await startScope(bus, `${name}.scope`, [
      ['Description', 's', `tscg run ${name}`],
      ['PIDs', 'au', [pid, holder.pid]],
      ['CPUAccounting', 'b', true],
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
        await untilEvent(files, parentOf(path), isRemoved, { timeoutMs: END_MS });
      },
    };
  } catch (error) {
    letGo();
    // A scope without a cgroup has failed, or is yet to start.
    throw error instanceof ApiError && /already (loaded|exists)/.test(error.message) ? taken(name) : error;
  }
}

/**
 * systemd ends a scope that the OOM killer was in, with SIGKILL where it was twice: what is left is the command's to end.
 * Before systemd 253 only a scope whose memory is not accounted is left alone; its slice has the memory controller by its
 * other units.
 */
async function startScope(bus: string, unit: string, properties: readonly UnitProperty[]): Promise<void> {
  try {
    const untouched: UnitProperty[] = [
      ['MemoryAccounting', 'b', true],
      ['OOMPolicy', 's', 'continue'],
    ];
    await startTransientUnit(bus, unit, [...properties, ...untouched]);
  } catch (error) {
    if (!(error instanceof ApiError) || !error.message.includes('OOMPolicy')) throw error;
    await startTransientUnit(bus, unit, [...properties, ['MemoryAccounting', 'b', false]]);
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
  await untilEvent(files, path, isEmpty, { timeoutMs: END_MS });
  return ended;
}
