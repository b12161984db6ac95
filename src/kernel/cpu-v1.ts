/**
 * The CPU quotas of cgroup v1, which throttle where v1 holds the cpu controller. A process has a cgroup in each hierarchy, and that
 * of v1 may have another name than that of v2. Nothing of v1 is written.
 *
 *     /proc/PID/cgroup        4:cpu,cpuacct:/docker/1f3b
 *     DIR/cpu.cfs_quota_us    20000; -1 for none            DIR/cpu.cfs_period_us    100000
 *     DIR/cpu.stat            nr_periods 421, nr_throttled 409, throttled_time 32019114285 (nanoseconds)
 */

import { join } from 'node:path';
import { ancestorsOf } from './cgroup-path.ts';
import { parseFlatKeyed } from './flat-keyed.ts';
import { readText } from './if-there.ts';
import { parseMountinfo } from './mountinfo.ts';
import { pathBeneath } from './proc-cgroup.ts';

/** A cgroup of v1, and how long its quota throttled it so far. */
export interface ThrottledV1 {
  readonly directory: string;
  /** Microseconds. */
  readonly throttled: number;
}

/**
 * The cgroup of a process and those above it, the innermost first; none where no hierarchy with the cpu controller is
 * mounted.
 */
export function cpuDirectoriesV1(procCgroup: string, mountinfo: string): string[] {
  const mount = parseMountinfo(mountinfo).find(
    ({ fsType, superOptions }) => fsType === 'cgroup' && superOptions.includes('cpu'),
  );
  const [, of] = /^\d+:(?:[^:\n]*,)?cpu(?:,[^:\n]*)?:(.*)$/m.exec(procCgroup) ?? [];
  const path = mount && of !== undefined ? pathBeneath(mount.root, of) : undefined;
  return mount && path !== undefined ? [path, ...ancestorsOf(path)].map((one) => join(mount.mountPoint, one)) : [];
}

/** Of those that can be read. */
export const readThrottledV1 = (directories: readonly string[]): ThrottledV1[] =>
  directories.flatMap((directory) => {
    const nanoseconds = parseFlatKeyed(readText(join(directory, 'cpu.stat'))).get('throttled_time');
    return nanoseconds === undefined ? [] : [{ directory, throttled: nanoseconds / 1000 }];
  });

/** In CPUs; Infinity for none. */
export function readQuotaV1(directory: string): number {
  const [quota = Number.NaN, period = Number.NaN] = ['cpu.cfs_quota_us', 'cpu.cfs_period_us'].map((file) =>
    Number(readText(join(directory, file)) || Number.NaN),
  );
  return quota < 0 ? Number.POSITIVE_INFINITY : quota / period;
}
