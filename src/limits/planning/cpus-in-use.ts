/** CPUs that cgroups use now, for a command: the thread waits while it is measured, which no screen may. */

import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';

/** A quota period is 100 ms by default. */
const MEASURED_MS = 200;

/** By path, from cpu.stat; NaN where it cannot be read. */
export function measureCpusInUse(files: CgroupFiles, paths: readonly string[]): number[] {
  const look = () => ({
    time: performance.now(),
    used: paths.map(
      (path) => parseFlatKeyed(textIfThere(files, path, 'cpu.stat') ?? '').get('usage_usec') ?? Number.NaN,
    ),
  });
  const before = look();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, MEASURED_MS);
  const now = look();
  return now.used.map((used, index) => (used - (before.used[index] ?? Number.NaN)) / 1000 / (now.time - before.time));
}
