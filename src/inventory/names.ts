/** The name of a workload: what the sources know, and else what its path holds. */

import { lastComponent } from '../kernel/cgroup-path.ts';
import { clean } from '../text/clean.ts';
import { type NameSource, type Names, podName } from './names/source.ts';
import { patience } from './runtimes/patience.ts';
import type { Identity } from './workload.ts';

/** A source that takes longer is left out: a socket that accepts and never answers costs its own names only. */
export const PATIENCE_MS = 2_000;
/** A command that ends at once would rather wait: on a machine that starves, no name is worse than a late one. */
export const LONG_PATIENCE_MS = 10_000;
/** A source that was left out is not asked again for so long. */
const BACKOFF_MS = 10_000;

export type NameOf = (identity: Identity, path: string) => Promise<Names>;

/** Asks every source that may know a workload, all at once; of two that know, the first in the list is believed. */
export function createNameOf(
  sources: readonly NameSource[],
  clock: () => number = () => performance.now(),
  patienceMs = PATIENCE_MS,
): NameOf {
  const notBefore = new Map<NameSource, number>();

  async function ask(source: NameSource, identity: Identity, path: string): Promise<Names | undefined> {
    let cancel: (() => void) | undefined;
    const tooLate = new Promise<undefined>((resolve) => {
      const giveUp = (): void => {
        notBefore.set(source, clock() + BACKOFF_MS);
        resolve(undefined);
      };
      cancel = patience(patienceMs, giveUp, { keepsAlive: true });
    });
    try {
      return await Promise.race([source.lookup(identity, path), tooLate]);
    } catch {
      return undefined;
    } finally {
      cancel?.();
    }
  }

  return async (identity, path) => {
    const now = clock();
    const asked = sources.filter((source) => source.matches(identity) && (notBefore.get(source) ?? now) <= now);
    const answers = await Promise.all(asked.map((source) => ask(source, identity, path)));
    let names: Names = {};
    for (const known of answers.reverse()) names = { ...names, ...known };
    const { name, pod } = names;
    if (name !== undefined || pod === undefined || identity.kind !== 'container') return names;
    return { ...names, name: podName(pod, pathName(identity, path)) };
  };
}

/** Whether any source could know more than the path does. */
export const isNameable = ({ kind }: Identity): boolean => ['container', 'pod', 'machine', 'unit'].includes(kind);

/** A name from the path alone: what it holds, else the short id, else its last component. */
export function pathName(identity: Identity, path: string): string {
  const { kind, name, id } = identity;
  if (name !== undefined && name !== '') return name;
  if (id !== undefined && isNameable(identity)) return shortId(id);
  if (kind === 'root') return '/';
  return clean(lastComponent(path)) || clean(path);
}

/** As docker cuts its ids; of a UUID the first group. */
const shortId = (id: string): string => (id.includes('-') ? id.slice(0, id.indexOf('-')) : id.slice(0, 12));
