/** A Plan whose owners have said that the cgroups are their own, so that it shows who really makes each change. */

import { identify } from '../../inventory/identity.ts';
import { parentOf } from '../../kernel/cgroup-path.ts';
import type { OwnerName, Plan, PlanContext, Write } from '../model.ts';
import { openOwner } from './open-owner.ts';
import { NotOwnerError, type Owner } from './owner.ts';

type OwnerOf = (write: Write) => Owner;

/** Owners that are asked at the same time. */
const AT_ONCE = 16;

/**
 * Plans, asks each owner that it names, and plans once more without those that deny it, until none does. An owner that does
 * not answer stays: it is asked again before the first write, and nothing is written then without its answer.
 */
export async function confirmedPlan(
  context: PlanContext,
  plan: (context: PlanContext) => Plan,
  ownerOf: OwnerOf = (write) => openOwner(write, context.files),
): Promise<Plan> {
  const { via } = context.owners;
  const denials = new Map<string, string>();
  const asked = new Set<string>();
  const disowned = (path: string, owner: OwnerName): string | undefined => denials.get(`${owner} ${path}`);
  for (;;) {
    const made = plan({ ...context, owners: { ...context.owners, disowned } });
    // Whom the user insists on is asked before the first write.
    if (via !== undefined) return made;
    const unasked = firstOfEach(made.writes).filter((write) => !asked.has(keyOf(write)));
    for (const write of unasked) asked.add(keyOf(write));
    const before = denials.size;
    for (let from = 0; from < unasked.length; from += AT_ONCE) {
      await Promise.all(unasked.slice(from, from + AT_ONCE).map((write) => ask(write, denials, ownerOf)));
    }
    if (denials.size === before) return made;
  }
}

const keyOf = ({ via, path, subject }: Write): string => `${via} ${path} ${subject}`;

/** One write for each owner and cgroup; the file itself is nobody's to confirm. */
const firstOfEach = (writes: readonly Write[]): Write[] => [
  ...new Map(writes.filter(({ via }) => via !== 'cgroupfs').map((write) => [keyOf(write), write])).values(),
];

async function ask(write: Write, denials: Map<string, string>, ownerOf: OwnerOf): Promise<void> {
  try {
    await ownerOf(write).confirm([write]);
  } catch (error) {
    if (error instanceof NotOwnerError) denials.set(`${write.via} ${ownPath(write.path)}`, error.fact);
  }
}

/** An engine may have set the limits of a container one level below its own cgroup. */
const ownPath = (path: string): string => (identify(path).kind === 'inner' ? parentOf(path) : path);
