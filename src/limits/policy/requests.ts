/** Turns a policy into requests for the workloads that run. */

import type { Workload } from '../../inventory/workload.ts';
import { CgroupFileError, isAlive } from '../../kernel/cgroup-files.ts';
import { LIMITS } from '../catalogue/catalogue.ts';
import type { Plan, PlanContext, Request } from '../model.ts';
import { planSet } from '../planning/plan.ts';
import type { Policy, Setting } from './read.ts';

export interface PolicyRequest extends Request {
  /** Indices of the rules that apply to it. */
  readonly rules: readonly number[];
}

/** For each file the last rule that sets it counts; undefined where no rule applies to the workload. */
export function policyRequest({ rules }: Policy, target: Workload): PolicyRequest | undefined {
  const meant = rules.flatMap((rule, index) => (rule.matches(target) ? [{ rule, index }] : []));
  if (meant.length === 0) return undefined;
  const byFile = new Map<string, readonly Setting[]>();
  for (const { rule } of meant) {
    for (const { limit } of rule.settings) {
      byFile.set(
        limit.file,
        rule.settings.filter((setting) => setting.limit === limit),
      );
    }
  }
  const edits = LIMITS.flatMap(({ file }) => byFile.get(file) ?? []);
  const from = meant.map(({ rule }) => rule.place).join(', ');
  return { target, edits, from, rules: meant.map(({ index }) => index) };
}

/** One request a workload. Where several have the same name, each goes by its path, so that the user can type it. */
export function policyRequests(policy: Policy, workloads: readonly Workload[]): PolicyRequest[] {
  const named = new Map<string, number>();
  for (const { name } of workloads) named.set(name, (named.get(name) ?? 0) + 1);
  return workloads.flatMap((workload) => {
    const request = policyRequest(policy, workload);
    if (!request) return [];
    return named.get(workload.name) === 1 ? [request] : [{ ...request, target: { ...workload, name: workload.path } }];
  });
}

/** One Plan for all requests. Workloads that have ended since they were listed are left out. Throws as planSet does. */
export function planPolicy(requests: readonly Request[], context: PlanContext): Plan {
  for (;;) {
    const living = requests.filter(({ target }) => isAlive(context.files, target));
    try {
      return planSet(living, context);
    } catch (error) {
      if (!(error instanceof CgroupFileError) || living.every(({ target }) => isAlive(context.files, target)))
        throw error;
    }
  }
}
