/**
 * Limits that systemd sets for every unit by itself, which nobody asked for: TasksMax. It is 15 % of the tasks that the machine
 * can have (DefaultTasksMax=), none for a slice, and 33 % for a user's slice (man logind.conf, user-.slice.d/10-defaults.conf).
 */

import { join } from 'node:path';
import type { RuntimeSocket } from '../../inventory/sockets.ts';
import { readText } from '../../kernel/if-there.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { defaultTasksMax } from '../owners/systemd-manager.ts';

/** Whether nobody set what the file of this cgroup says. */
export type IsDefault = (path: string, file: string, text: string) => boolean;

/** Kinds that run processes: a slice has no default. */
const UNIT = /\.(service|scope|socket|mount|swap)(\/|$)/;
const USER_SLICE = /\/user-\d+\.slice$/;

/** `proc`: where procfs is. The managers that can be reached are asked for a default that is configured. */
export async function unitDefaults(proc: string, sockets: readonly RuntimeSocket[]): Promise<IsDefault> {
  const most = mostTasks(proc);
  const buses = sockets.filter(({ runtime, state }) => runtime === 'systemd' && state === 'usable');
  const configured = await Promise.all(buses.map(({ path }) => configuredTasks(path)));
  const ofUnits = new Set([...configured, share(most, 15)].filter((text) => text !== undefined));
  const ofUsers = share(most, 33);
  return (path, file, text) =>
    file === 'pids.max' && (USER_SLICE.test(path) ? text === ofUsers : UNIT.test(path) && ofUnits.has(text));
}

/** The least of pid_max and threads-max, as system_tasks_max() of systemd has it. */
function mostTasks(proc: string): number {
  const figure = (name: string): number => parseSingleValue(readText(join(proc, 'sys/kernel', name)));
  return Math.min(figure('pid_max'), figure('threads-max'));
}

const share = (most: number, percent: number): string | undefined =>
  Number.isFinite(most) ? String(Math.floor((most * percent) / 100)) : undefined;

/** Undefined for a manager of another user, and for one that does not answer. */
const configuredTasks = (socket: string): Promise<string | undefined> => defaultTasksMax(socket).catch(() => undefined);
