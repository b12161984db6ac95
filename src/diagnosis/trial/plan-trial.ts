/** What a trial of a limit would do: what it switches and for how long, and what may go wrong; or why there is none. */

import type { Workload } from '../../inventory/workload.ts';
import { areNested } from '../../kernel/cgroup-path.ts';
import type { Limit, Plan, PlanContext, Request } from '../../limits/model.ts';
import { confirmedPlan } from '../../limits/owners/confirmed-plan.ts';
import { isBelowUsage } from '../../limits/planning/lowering.ts';
import { planSet } from '../../limits/planning/plan.ts';
import { WHOLE_MACHINE } from '../words.ts';
import type { TrialResource } from './measure.ts';

/** There is nothing that a trial could switch, or nobody whom it could measure. */
export class NoTrialError extends Error {
  override readonly name = 'NoTrialError';
}

export interface TrialRequest {
  readonly context: PlanContext;
  readonly suspect: Workload;
  readonly victim: Workload;
  readonly edits: Request['edits'];
  readonly pairs: number;
  /** Milliseconds; chosen by the resource where it is not given. */
  readonly windowMs?: number | undefined;
}

export interface TrialPlan {
  readonly suspect: Workload;
  readonly victim: Workload;
  readonly plan: Plan;
  readonly resource: TrialResource;
  readonly pairs: number;
  readonly windowMs: number;
  /** Left out after each switch. */
  readonly settleMs: number;
}

/** Milliseconds: reclaim and io need longer than the scheduler until a limit shows. */
const TIMES: Readonly<Record<TrialResource, Pick<TrialPlan, 'windowMs' | 'settleMs'>>> = {
  cpu: { windowMs: 1000, settleMs: 200 },
  io: { windowMs: 2000, settleMs: 300 },
  memory: { windowMs: 5000, settleMs: 1000 },
};

const RESOURCES: Partial<Record<Limit['controller'], TrialResource>> = {
  cpu: 'cpu',
  cpuset: 'cpu',
  io: 'io',
  memory: 'memory',
};

/** Eight pairs that all go one way have p = 1/256; p ≤ 0.05 holds too where two small ones go the other way. */
export const DEFAULT_PAIRS = 8;

export const durationMs = ({ pairs, settleMs, windowMs }: TrialPlan): number => pairs * 2 * (settleMs + windowMs);

/** `8 pairs of windows of 1 s, one with the limit and one without, in random order: about 20 s` */
export const scheduleText = (trial: TrialPlan): string =>
  `${trial.pairs} pairs of windows of ${trial.windowMs / 1000} s, one with the limit and one without, in random order: about ${Math.ceil(durationMs(trial) / 1000)} s`;

/** Throws NoTrialError. */
export async function planTrial(request: TrialRequest): Promise<TrialPlan> {
  const { suspect, victim, pairs, edits } = request;
  const resource = resourceOf(edits);
  checkParties(suspect, victim);
  const plan = await trialPlan(request);
  const { settleMs, windowMs } = TIMES[resource];
  return { suspect, victim, plan, resource, pairs, settleMs, windowMs: request.windowMs ?? windowMs };
}

function resourceOf(edits: Request['edits']): TrialResource {
  const resources = new Set(edits.map(({ limit }) => RESOURCES[limit.controller]));
  const [resource] = resources;
  if (resource === undefined || resources.size > 1) {
    throw new NoTrialError(
      'a trial measures what the limit is about: give limits of one of CPU, io and memory, as --cpu-weight 1',
    );
  }
  return resource;
}

function checkParties(suspect: Workload, victim: Workload): void {
  if (victim.path === '/') throw new NoTrialError(WHOLE_MACHINE);
  if (suspect.inode === victim.inode) throw new NoTrialError('the suspect and the victim are the same');
  if (areNested(suspect.path, victim.path)) {
    throw new NoTrialError(
      `one of ${suspect.path} and ${victim.path} holds the other, so a limit is one of both: name a suspect beside the victim`,
    );
  }
}

/**
 * The files themselves are written, since it is for seconds; the risks are also those of the change that the cgroup's owner
 * would make. Throws NoTrialError where there is nothing to switch, or where the kernel may kill.
 */
async function trialPlan({ context, suspect, edits }: TrialRequest): Promise<Plan> {
  const requests = [{ target: suspect, edits }];
  const lasting = await confirmedPlan(context, (asked) => planSet(requests, asked));
  const plan = planSet(requests, { ...context, owners: { ...context.owners, via: 'cgroupfs' } });
  const [unchanged] = plan.unchanged;
  if (plan.writes.length === 0) {
    throw new NoTrialError(
      `${unchanged?.path}/${unchanged?.file} is "${unchanged?.before}" already: nothing can be tried`,
    );
  }
  const deadly = plan.writes.find((write) => isBelowUsage(write, context.files));
  if (deadly) {
    throw new NoTrialError(
      `${deadly.name} uses more than ${deadly.after} bytes, and what ${deadly.file} kills no trial takes back: try --memory-high`,
    );
  }
  // What is said of the file alone is that its owner may write it back: not within seconds.
  const refusals = plan.risks.filter(({ level }) => level === 'refuse');
  const risks = new Map([...lasting.risks, ...refusals].map((risk) => [risk.text, risk]));
  return { ...plan, risks: [...risks.values()] };
}
