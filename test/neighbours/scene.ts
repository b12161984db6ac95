/** A case in its arena: everything that is made true runs, and is looked at. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type CloseLook, HOST } from '../../src/diagnosis/look/model.ts';
import { type LookOptions, takeLook } from '../../src/diagnosis/look/take.ts';
import { openInventory } from '../../src/inventory/inventory.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { type Arena, MOUNT, type Started } from './arena.ts';
import type { Case } from './cases.ts';

export const SETTLE_MS = 700;
/** An emulated CPU takes ten to twenty times as long as a real one over each file. */
const ALLOWANCE = 4;

export interface Scene {
  readonly victims: readonly Started[];
  /** The cgroup that is asked about. */
  readonly victim: Workload;
  /** Every cgroup that there is. */
  readonly workloads: readonly Workload[];
}

export async function startVictims(arena: Arena, of: Case, seed: number): Promise<Started[]> {
  arena.write(of.files ?? {});
  const victims: Started[] = [];
  for (const load of of.victim) victims.push(await arena.start(load, seed));
  return victims;
}

/** Resolves when the neighbours have got going. */
export async function setScene(arena: Arena, of: Case, seed: number): Promise<Scene> {
  const victims = await startVictims(arena, of, seed);
  for (const load of of.afterwards.loads ?? []) await arena.start(load, seed);
  arena.write(of.afterwards.files ?? {});
  await sleep(of.settle ?? SETTLE_MS);
  const inventory = openInventory({ mount: MOUNT, proc: '/proc', watch: false, sources: [] });
  await inventory.refresh();
  const workloads = inventory.workloads();
  inventory.close();
  const path = arena.path(of.victim[0]?.in ?? '');
  const victim = workloads.find((workload) => workload.path === path);
  if (!victim) throw new Error(`no ${path}`);
  return { victims, victim, workloads };
}

export const lookAt = (
  { victim, workloads }: Scene,
  options: Pick<LookOptions, 'seconds' | 'asked' | 'goOn' | 'tracer'>,
): Promise<CloseLook> =>
  takeLook({
    hierarchy: { mount: MOUNT, root: '/' },
    workloads,
    victims: [victim],
    allowance: ALLOWANCE,
    ...options,
  });

/** Path of each, HOST for the host. */
export const culpritsOf = (of: Case, workloads: readonly Workload[]): string[] =>
  of.culprits.map((name) =>
    name === 'the host' ? HOST : (workloads.find((workload) => workload.name === name)?.path ?? name),
  );
