/** A randomised trial of a limit, for the commands that prove: its Plan, its risks, its run and its answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { answerOfTrial, type TrialAnswer } from '../diagnosis/trial/answer.ts';
import { openLimitSwitch } from '../diagnosis/trial/limit-switch.ts';
import type { TrialResource } from '../diagnosis/trial/measure.ts';
import { openTrialReader } from '../diagnosis/trial/read.ts';
import { runTrial, TrialError } from '../diagnosis/trial/run.ts';
import { isListed, type Workload } from '../inventory/workload.ts';
import { areNested, isWithin } from '../kernel/cgroup-path.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import { newChangeId } from '../limits/applying/apply.ts';
import { openJournal, stateDirectory } from '../limits/applying/journal.ts';
import { scheduleRevert } from '../limits/applying/revert/schedule.ts';
import type { Limit, Plan, PlanContext, Request } from '../limits/model.ts';
import { confirmedPlan } from '../limits/owners/confirmed-plan.ts';
import { isBelowUsage } from '../limits/planning/lowering.ts';
import { planSet } from '../limits/planning/plan.ts';
import { checkRisks, endDryRun, interruptible } from './carry-out.ts';
import { PROC } from './context.ts';
import { UsageError } from './errors.ts';
import { printJson, printLine } from './output.ts';
import { planText } from './plan-text.ts';
import { trialJson, trialText } from './trial-text.ts';
import { WHOLE_MACHINE } from './why-text.ts';

export interface TrialRequest {
  readonly hierarchy: Hierarchy;
  readonly context: PlanContext;
  /** All workloads. */
  readonly workloads: readonly Workload[];
  readonly suspect: Workload;
  readonly victim: Workload;
  readonly edits: Request['edits'];
  readonly pairs: number;
  /** Milliseconds; chosen by the resource where it is not given. */
  readonly windowMs?: number | undefined;
  readonly json?: boolean | undefined;
  /** Takes the object that --json would print, where it is a part of a larger one. */
  readonly sayJson?: (value: object) => void;
  readonly dryRun?: boolean | undefined;
  readonly force?: boolean | undefined;
}

/** Milliseconds: reclaim and io need longer than the scheduler until a limit shows. */
const TIMES: Readonly<Record<TrialResource, { readonly windowMs: number; readonly settleMs: number }>> = {
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

/** Whoever takes the limit back if this program is killed waits so much longer than the trial takes. */
const LATE_MS = 30_000;

/** Plans, checks, runs and tells. Throws UsageError, RefusedError, TrialError, ApplyError. */
export async function proveLimit(request: TrialRequest): Promise<void> {
  const { victim, suspect, edits, pairs, json, dryRun, force, sayJson = printJson } = request;
  const resource = resourceOf(edits);
  checkParties(suspect, victim);
  const plan = await trialPlan(request);
  const { settleMs, windowMs } = TIMES[resource];
  const times = { pairs, settleMs, windowMs: request.windowMs ?? windowMs };
  const totalMs = pairs * 2 * (times.settleMs + times.windowMs);
  const schedule = `${pairs} pairs of windows of ${times.windowMs / 1000} s, one with the limit and one without, in random order: about ${Math.ceil(totalMs / 1000)} s`;
  if (dryRun) {
    if (json) sayJson({ ...plan, applied: false });
    else printLine(`${planText(plan, force)}\n${schedule}\ndry run: nothing was changed`);
    endDryRun(plan.risks, force);
    return;
  }
  checkRisks(plan.risks, force, () => {
    if (json) sayJson({ ...plan, applied: false });
    else printLine(planText({ ...plan, risks: plan.risks.filter(({ level }) => level === 'warn') }));
  });
  if (!json)
    printLine(`${planText(plan, force)}\n${schedule}; taken back at its end, by Ctrl-C, and if this is killed`);
  const { answer, id } = await interruptible((signal) =>
    carryOutTrial(request, plan, { ...times, totalMs, resource, signal }),
  );
  if (json) sayJson({ ...trialJson(answer), change: id });
  else {
    printLine(trialText(answer));
    const files = plan.writes.map(({ file, before }) => `${file} is ${before.replaceAll('\n', '; ')} again`);
    printLine(`taken back: ${files.join(', ')} (change ${id})`);
  }
}

function resourceOf(edits: Request['edits']): TrialResource {
  const resources = new Set(edits.map(({ limit }) => RESOURCES[limit.controller]));
  const [resource] = resources;
  if (resource === undefined || resources.size > 1) {
    throw new UsageError(
      'a trial measures what the limit is about: give limits of one of CPU, io and memory, as --cpu-weight 1',
    );
  }
  return resource;
}

function checkParties(suspect: Workload, victim: Workload): void {
  if (victim.path === '/') throw new UsageError(WHOLE_MACHINE);
  if (suspect.inode === victim.inode) throw new UsageError('the suspect and the victim are the same');
  if (areNested(suspect.path, victim.path)) {
    throw new UsageError(
      `one of ${suspect.path} and ${victim.path} holds the other, so a limit is one of both: name a suspect beside the victim`,
    );
  }
}

/**
 * The files themselves are written, since it is for seconds; the risks are also those of the change that the cgroup's owner
 * would make. Throws UsageError where there is nothing to switch, or where the kernel may kill.
 */
async function trialPlan({ context, suspect, edits }: TrialRequest): Promise<Plan> {
  const requests = [{ target: suspect, edits }];
  const lasting = await confirmedPlan(context, (asked) => planSet(requests, asked));
  const plan = planSet(requests, { ...context, owners: { ...context.owners, via: 'cgroupfs' } });
  const [unchanged] = plan.unchanged;
  if (plan.writes.length === 0) {
    throw new UsageError(
      `${unchanged?.path}/${unchanged?.file} is "${unchanged?.before}" already: nothing can be tried`,
    );
  }
  const deadly = plan.writes.find((write) => isBelowUsage(write, context.files));
  if (deadly) {
    throw new UsageError(
      `${deadly.name} uses more than ${deadly.after} bytes, and what ${deadly.file} kills no trial takes back: try --memory-high`,
    );
  }
  // What is said of the file alone is that its owner may write it back: not within seconds.
  const refusals = plan.risks.filter(({ level }) => level === 'refuse');
  const risks = new Map([...lasting.risks, ...refusals].map((risk) => [risk.text, risk]));
  return { ...plan, risks: [...risks.values()] };
}

interface TrialTimes {
  readonly pairs: number;
  readonly settleMs: number;
  readonly windowMs: number;
  readonly totalMs: number;
  readonly resource: TrialResource;
  readonly signal: AbortSignal;
}

async function carryOutTrial(
  { hierarchy, context, workloads, suspect, victim }: TrialRequest,
  plan: Plan,
  { totalMs, resource, signal, ...times }: TrialTimes,
): Promise<{ answer: TrialAnswer; id: string }> {
  const { files, machine, owners } = context;
  const kin = [suspect.path, victim.path];
  const others = workloads.filter(
    (workload) => isListed(workload) && !kin.some((path) => areNested(path, workload.path)),
  );
  const below = workloads.filter(({ path }) => path !== victim.path && isWithin(path, victim.path));
  const id = newChangeId();
  const reverter = await scheduleRevert({
    id,
    delayMs: totalMs + LATE_MS,
    tscg: [process.execPath, process.argv[1] ?? ''],
    mount: files.mount,
    stateDirectory: stateDirectory(),
    sockets: owners.sockets,
  });
  // After it has begun: the reader raises our priority, which a child would keep.
  const reader = openTrialReader({
    hierarchy,
    proc: PROC,
    victim: victim.path,
    cgroups: [victim, suspect, ...below, ...others],
  });
  try {
    const journal = openJournal(stateDirectory());
    const command = process.argv.slice(2);
    const limit = openLimitSwitch(plan, { files, machine, journal, command, id, reverter });
    const windows = await runTrial({
      ...times,
      victim: victim.path,
      suspect: suspect.path,
      limit,
      read: () => reader.read(),
      wait: (ms) => waited(ms, signal),
      random: Math.random,
      onWindow: showProgress,
    });
    return {
      answer: answerOfTrial({
        windows,
        resource,
        victim: partyOf(victim),
        suspect: partyOf(suspect),
        others: others.map(partyOf),
      }),
      id,
    };
  } finally {
    reader.close();
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}

const partyOf = ({ path, name }: Workload): { path: string; name: string } => ({ path, name });

async function waited(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw new TrialError('interrupted');
  }
}

/** Writes a line over the one before on a terminal, and nothing elsewhere. */
function showProgress(done: number, of: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[Kwindow ${done} of ${of}`);
}
