/**
 * Keeps a policy in force while workloads come and while the policy changes. Each workload gets its limits in a change of its
 * own.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Inventory } from '../inventory/inventory.ts';
import type { Plan, PlanContext } from '../limits/model.ts';
import { confirmedPlan } from '../limits/owners/confirmed-plan.ts';
import { type PolicyRequest, planPolicy, policyRequests } from '../limits/policy/requests.ts';
import { counted } from '../text/counted.ts';
import { errorLine } from './errors.ts';
import { warn } from './output.ts';
import type { PolicyWatch } from './policy-file.ts';

/**
 * A runtime writes the limits of a new container a moment after its cgroup is there, which would take ours back: the container
 * is looked at again after so many milliseconds.
 */
const LOOK_AGAIN_MS: readonly number[] = [500, 3000];
/** All workloads are looked at at least so often, as events may be lost. */
const LEAST_OFTEN_MS = 5000;
/** For so many milliseconds a new cgroup is looked at more often: the runtime's files, and so its name, may come later. */
const NEW_FOR_MS = 10_000;
const NEW_OFTEN_MS = 500;
/** Several containers that come within this time are looked at together. */
const MOST_OFTEN_MS = 50;

/** What is remembered of one workload. */
interface Care {
  /** The rules that matched it last. Where others match, as once its name is known, it is looked at as a new one. */
  readonly rules: string;
  looks: number;
  /** Milliseconds of performance.now(); none once it is settled. */
  due: number;
  /** The last message about it. */
  told: string;
}

/**
 * Goes on until SIGINT or SIGTERM. A failure is told on standard error and stops nothing else. A workload that a changed policy
 * does not name keeps its limits. Closes the policy and the inventory at the end.
 */
export async function watchPolicy(
  policy: PolicyWatch,
  contextNow: () => PlanContext,
  inventory: Inventory,
  carry: (plan: Plan, context: PlanContext) => Promise<void>,
): Promise<void> {
  const cares = new Map<number, Care>();
  let newUntil = 0;
  let isStopped = false;
  let wake = (): void => {};
  const stop = (): void => {
    isStopped = true;
    wake();
  };
  let isHinted = false;
  inventory.onChange(() => {
    isHinted = true;
    wake();
  });
  policy.onChange(() => {
    warn(`tscg: the policy has changed: ${counted(policy.now().rules.length, 'rule')} in force`);
    cares.clear();
    isHinted = true;
    wake();
  });
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    while (!isStopped) {
      isHinted = false;
      const { added } = await inventory.refresh();
      if (added.length > 0) newUntil = performance.now() + NEW_FOR_MS;
      await inventory.named();
      const requests = policyRequests(policy.now(), inventory.workloads());
      forget(cares, requests);
      for (const request of requests) {
        if (isStopped) break;
        await look(request);
      }
      const often = performance.now() < newUntil ? NEW_OFTEN_MS : LEAST_OFTEN_MS;
      const pause = Math.min(often, ...[...cares.values()].map(({ due }) => due - performance.now()));
      await sleep(MOST_OFTEN_MS);
      if (!isHinted && !isStopped) await new Promise<void>((resolve) => waitFor(resolve, Math.max(0, pause)));
    }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    inventory.close();
    policy.close();
  }

  function waitFor(resolve: () => void, milliseconds: number): void {
    const timer = setTimeout(resolve, milliseconds);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  }

  async function look(request: PolicyRequest): Promise<void> {
    const { inode } = request.target;
    const rules = request.rules.join();
    const known = cares.get(inode);
    const care = known?.rules === rules ? known : { rules, looks: 0, due: 0, told: '' };
    cares.set(inode, care);
    if (performance.now() < care.due) return;
    try {
      // A runtime may have started since.
      const context = contextNow();
      const plan = await confirmedPlan(context, (asked) => planPolicy([request], asked));
      if (plan.writes.length > 0) await carry(plan, context);
      care.told = '';
    } catch (error) {
      const line = errorLine('tscg', error);
      if (line !== care.told) warn(line);
      care.told = line;
    }
    const pause = LOOK_AGAIN_MS[care.looks++];
    care.due = pause === undefined ? Number.POSITIVE_INFINITY : performance.now() + pause;
  }
}

/** Forgets the workloads that have ended. */
function forget(cares: Map<number, Care>, requests: readonly PolicyRequest[]): void {
  const living = new Set(requests.map(({ target }) => target.inode));
  for (const inode of cares.keys()) if (!living.has(inode)) cares.delete(inode);
}
