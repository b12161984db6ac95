/** The eBPF program of src/kernel/waits-bpf.ts as the tracer of a look: ids become paths, cells become who was behind whom. */

import { isWithin } from '../../kernel/cgroup-path.ts';
import { type OpenWaits, openWaits, RUNNER, type Waits, type WaitsReading } from '../../kernel/waits-bpf.ts';
import type { Victim } from '../model.ts';
import { HOST, IDLE, OTHERS, OWN_THREADS, QUOTA, type Traced, type Tracer } from './model.ts';

/** `cgroups`: every one that there is, by the inode that is its id. */
export function createTracer(
  cgroups: readonly { readonly path: string; readonly inode: number }[],
  open: OpenWaits = openWaits,
): Tracer {
  const paths = new Map(cgroups.map(({ path, inode }) => [inode, path]));
  let waits: Waits | undefined;
  let victims: readonly Victim[] = [];
  return {
    async start(of) {
      const opened = await open();
      if (!opened.waits) return { reason: `no eBPF: ${opened.reason}` };
      waits = opened.waits;
      victims = of;
      waits.watch(of.map(({ inode }) => inode));
      return {};
    },
    stop() {
      const traced = waits && tracedOf(waits.read(), victims, paths);
      waits?.close();
      waits = undefined;
      return traced;
    },
  };
}

/** Nanoseconds become microseconds. */
export function tracedOf(
  { waits, io, lost }: Pick<WaitsReading, 'waits' | 'io' | 'lost'>,
  victims: readonly Victim[],
  paths: ReadonlyMap<number, string>,
): Traced {
  const waitedBehind = new Map(victims.map(({ path }) => [path, new Map<string, number>()]));
  for (const { victimId, runnerId, ns } of waits) {
    const victim = paths.get(victimId);
    const behind = victim === undefined ? undefined : waitedBehind.get(victim);
    if (victim === undefined || !behind) continue;
    const key = runnerOf(runnerId, victim, paths);
    behind.set(key, (behind.get(key) ?? 0) + ns / 1000);
  }
  const deviceTime = new Map<string, Map<string, number>>();
  for (const { cgroupId, device, ns } of io) {
    const path = cgroupId === RUNNER.root || cgroupId === 0 ? HOST : (paths.get(cgroupId) ?? OTHERS);
    const byPath = deviceTime.get(device) ?? new Map<string, number>();
    byPath.set(path, (byPath.get(path) ?? 0) + ns / 1000);
    deviceTime.set(device, byPath);
  }
  return { waitedBehind, deviceTime, lost };
}

function runnerOf(id: number, victim: string, paths: ReadonlyMap<number, string>): string {
  if (id === RUNNER.idle) return IDLE;
  if (id === RUNNER.throttled) return QUOTA;
  if (id === RUNNER.root) return HOST;
  const path = paths.get(id);
  if (path === undefined) return OTHERS;
  return isWithin(path, victim) ? OWN_THREADS : path;
}
