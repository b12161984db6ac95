/**
 * Finds who uses the CPU with as few reads as possible. A cgroup counts what all below it use. Subtract what the children used
 * that were read: no other child can have used more than the rest. Where the rest is enough to be active, the other children are
 * read too, level by level. So no active cgroup is missed, and thousands of idle ones are not read.
 */

import { ancestorsOf, parentOf } from '../../kernel/cgroup-path.ts';
import type { CgroupReading, LookCgroups } from './cgroups.ts';

export interface Activity {
  /** Cgroups that were seen to use any CPU time so far, and their ancestors. */
  readonly followed: ReadonlySet<string>;
  /**
   * The active cgroups, and the microseconds of CPU that each used since the last time, without those below it; the most
   * active first.
   */
  read(): Promise<ReadonlyMap<string, number>>;
}

/** `from`: a reading of all of them. `least`: milliseconds of CPU a second from which on a cgroup is active. */
export function openActivity(
  { paths, usage }: Pick<LookCgroups, 'paths' | 'usage'>,
  from: CgroupReading,
  least: number,
): Activity {
  /** Microseconds of each when it was read last. The root counts the whole machine, not what its children do. */
  const known = new Map(paths.filter((path) => path !== '/').map((path) => [path, usageOf(from, path)]));
  const children = new Map<string, string[]>();
  for (const path of known.keys()) {
    const siblings = children.get(parentOf(path));
    if (siblings) siblings.push(path);
    else if (known.has(parentOf(path))) children.set(parentOf(path), [path]);
  }
  /** Cgroups that are read each time: those without a known parent, and those that used CPU time so far, with their ancestors. */
  const followed = new Set([...known.keys()].filter((path) => !known.has(parentOf(path))));
  /** Microseconds that either a cgroup itself used, or those of its children that have not been read since. */
  let unclaimed = new Map<string, number>();
  let time = from.time;

  return {
    followed,
    async read() {
      const changes = new Map<string, number>();
      const childrenOf = (path: string): readonly string[] => children.get(path) ?? [];
      const ownOf = (path: string): number =>
        childrenOf(path).reduce(
          (own, child) => own - (changes.get(child) ?? 0),
          (changes.get(path) ?? 0) + (unclaimed.get(path) ?? 0),
        );
      const before = time;
      const isActive = (path: string): boolean => ownOf(path) > 0 && ownOf(path) >= least * (time - before);
      for (let next = [...followed]; next.length > 0; ) {
        const reading = await usage(next);
        if (changes.size === 0) time = reading.time;
        for (const path of next) {
          const now = usageOf(reading, path);
          const change = now - (known.get(path) ?? Number.NaN);
          known.set(path, now);
          changes.set(path, Math.max(0, change || 0));
          if (change > 0) for (const at of [path, ...ancestorsOf(path)]) if (known.has(at)) followed.add(at);
        }
        next = [...changes.keys()].flatMap((path) => {
          const unread = childrenOf(path).filter((child) => !changes.has(child));
          return unread.length > 0 && isActive(path) ? unread : [];
        });
      }
      const own = [...changes.keys()].map((path) => [path, ownOf(path)] as const);
      const active = own.filter(([path]) => isActive(path)).sort(([, a], [, b]) => b - a);
      unclaimed = new Map(own.filter(([path]) => childrenOf(path).some((child) => !changes.has(child))));
      return new Map(active);
    },
  };
}

const usageOf = (reading: CgroupReading, path: string): number =>
  reading.of(path)?.('cpu.stat:usage_usec') ?? Number.NaN;
