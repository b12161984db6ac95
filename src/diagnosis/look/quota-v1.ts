/** How long the CPU quotas of cgroup v1 throttled the victims, where v1 holds the cpu controller. */

import { join } from 'node:path';
import { isWithin } from '../../kernel/cgroup-path.ts';
import { parseProcs } from '../../kernel/cgroup-procs.ts';
import { cpuDirectoriesV1, readQuotaV1, readThrottledV1, type ThrottledV1 } from '../../kernel/cpu-v1.ts';
import { readText } from '../../kernel/if-there.ts';
import type { QuotaV1 } from './model.ts';

export interface QuotasV1 {
  /** Microseconds so far, over the cgroup of v1 and those above it; NaN where they cannot be read. */
  throttled(victim: string): number;
  /** Those that throttled most since they were opened. */
  strictest(): ReadonlyMap<string, QuotaV1>;
}

interface Places {
  readonly proc: string;
  readonly mount: string;
  /** Every cgroup that there is, parents first. */
  readonly paths: readonly string[];
}

/** A victim is where its first process is. */
export function openQuotasV1({ proc, mount, paths }: Places, victims: readonly string[]): QuotasV1 {
  const mountinfo = readText(join(proc, 'self/mountinfo'));
  const first = new Map(
    victims.map((victim) => {
      const pid = firstPid(mount, paths, victim);
      const directories = pid === undefined ? [] : cpuDirectoriesV1(readText(join(proc, `${pid}/cgroup`)), mountinfo);
      return [victim, readThrottledV1(directories)];
    }),
  );
  const now = (victim: string): ThrottledV1[] =>
    readThrottledV1((first.get(victim) ?? []).map(({ directory }) => directory));
  return {
    throttled: (victim) => {
      const levels = now(victim);
      return levels.length === 0 ? Number.NaN : levels.reduce((sum, { throttled }) => sum + throttled, 0);
    },
    strictest: () =>
      new Map(
        victims.flatMap((victim) => {
          const before = new Map(first.get(victim)?.map(({ directory, throttled }) => [directory, throttled]));
          const [most] = now(victim)
            .map(({ directory, throttled }) => ({ directory, grew: throttled - (before.get(directory) ?? throttled) }))
            .filter(({ grew }) => grew > 0)
            .sort((a, b) => b.grew - a.grew);
          if (!most) return [];
          const isOwn = most.directory === first.get(victim)?.[0]?.directory;
          return [[victim, { directory: most.directory, cpus: readQuotaV1(most.directory), isOwn }]];
        }),
      ),
  };
}

function firstPid(mount: string, paths: readonly string[], victim: string): number | undefined {
  for (const path of paths) {
    if (!isWithin(path, victim)) continue;
    const [pid] = parseProcs(readText(join(mount, path, 'cgroup.procs'))).pids;
    if (pid !== undefined) return pid;
  }
  return undefined;
}
