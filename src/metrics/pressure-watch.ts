/**
 * PSI triggers: the kernel tells within a second that the tasks of a cgroup began to wait, however long the interval
 * between two samples is. Only a few are armed at a time, as they cost: while tasks wait the kernel checks ten times in
 * each window, and closing a trigger waits for every CPU (15 ms were measured), also when the program ends.
 */

import { join } from 'node:path';
import type { Workload } from '../inventory/workload.ts';
import { codeOf } from '../kernel/error-code.ts';
import { loadNative, type Native, type NativePsiTrigger } from '../kernel/native.ts';
import { formatPressureTrigger } from '../kernel/pressure.ts';
import { USEC_PER_SECOND } from '../kernel/time-units.ts';
import { errorText } from '../text/error-text.ts';
import type { LogEvent } from './events.ts';
import { RESOURCES, type Resource } from './host.ts';

export interface PressureWatch {
  /** Arms the triggers of the first few; one of the last round gives way only when it was not among them for a while. */
  follow(workloads: readonly Workload[]): void;
  /** Whether any trigger is armed. */
  isArmed(): boolean;
  close(): void;
}

export interface PressureWatchOptions {
  readonly mount: string;
  readonly onEvent: (event: LogEvent) => void;
  /** Each time that a trigger fires, which is once in each window while the wait lasts. */
  readonly onFire?: () => void;
  readonly create?: Native['createPsiTrigger'] | undefined;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

const MOST_FOLLOWED = 4;
/** How long a trigger stays armed for a row that is no longer among the first, as rows change places. */
const KEPT_MS = 30_000;

/** Share of the window that tasks must wait. On a busy machine tasks always wait for a CPU, but never for memory. */
const SHARE: Readonly<Record<Resource, number>> = { cpu: 0.5, memory: 0.15, io: 0.3 };

/** Microseconds. Without CAP_SYS_RESOURCE the kernel takes multiples of 2 s only. */
const WINDOWS = [1e6, 2e6] as const;

/** A trigger fires once in each window while the wait lasts. After so long without one the next is a new event. */
const QUIET_MS = 10_000;

interface Armed {
  readonly triggers: readonly NativePsiTrigger[];
  /** Its newest name. */
  name: string;
  /** When it was last among the first rows; milliseconds since the epoch. */
  wanted: number;
}

export function openPressureWatch(options: PressureWatchOptions): PressureWatch {
  const { mount, onEvent, onFire, now = Date.now } = options;
  const { native, reason } = loadNative();
  const create = 'create' in options ? options.create : native?.createPsiTrigger.bind(native);
  /** By inode. */
  const armed = new Map<number, Armed>();
  let window: (typeof WINDOWS)[number] = WINDOWS[0];
  let isNoticed = false;

  function notice(why: string): void {
    if (!isNoticed)
      onEvent({ time: now(), kind: 'pressure', name: 'tstop', path: '', text: `no PSI triggers: ${why}` });
    isNoticed = true;
  }

  function armOne(workload: Workload, resource: Resource): NativePsiTrigger[] {
    if (!create) return [];
    const { name, path } = workload;
    const file = join(mount, path, `${resource}.pressure`);
    const stall = SHARE[resource] * window;
    const text = `${resource} pressure: some task waited ${stall / 1000} ms in ${window / USEC_PER_SECOND} s`;
    let last = Number.NEGATIVE_INFINITY;
    const fired = (error: Error | null): void => {
      // The cgroup is gone and the addon closed the trigger.
      if (error) return void armed.delete(workload.inode);
      onFire?.();
      const time = now();
      const called = armed.get(workload.inode)?.name ?? name;
      if (time - last >= QUIET_MS) onEvent({ time, kind: 'pressure', name: called, path, text });
      last = time;
    };
    try {
      return [create(file, formatPressureTrigger('some', stall, window), fired)];
    } catch (error) {
      const code = codeOf(error);
      if (code === 'EINVAL' && window === WINDOWS[0]) {
        window = WINDOWS[1];
        return armOne(workload, resource);
      }
      // A cgroup that has just ended, or one for which PSI is off (cgroup.pressure).
      if (code !== 'ENOENT' && code !== 'ENODEV') notice(errorText(error));
      return [];
    }
  }

  function disarm(inode: number): void {
    for (const trigger of armed.get(inode)?.triggers ?? []) trigger.close();
    armed.delete(inode);
  }

  /** At most one is disarmed for another. */
  function hasRoom(time: number): boolean {
    if (armed.size < MOST_FOLLOWED) return true;
    const [oldest] = [...armed].sort(([, a], [, b]) => a.wanted - b.wanted);
    if (!oldest || time - oldest[1].wanted < KEPT_MS) return false;
    disarm(oldest[0]);
    return true;
  }

  return {
    follow: (workloads) => {
      if (!create) return notice(reason ?? 'the addon is not there');
      const time = now();
      const wanted = workloads.slice(0, MOST_FOLLOWED);
      for (const { inode, name } of wanted) {
        const known = armed.get(inode);
        if (known) [known.wanted, known.name] = [time, name];
      }
      for (const workload of wanted) {
        if (armed.has(workload.inode) || !hasRoom(time)) continue;
        armed.set(workload.inode, {
          triggers: RESOURCES.flatMap((resource) => armOne(workload, resource)),
          name: workload.name,
          wanted: time,
        });
      }
    },
    isArmed: () => [...armed.values()].some(({ triggers }) => triggers.length > 0),
    close: () => {
      for (const inode of [...armed.keys()]) disarm(inode);
    },
  };
}
