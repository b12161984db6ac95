/** tscg set: limits for one or more workloads, as one change. */

import type { Hierarchy } from '../../kernel/hierarchy.ts';
import type { Machine } from '../../kernel/machine.ts';
import { stateDirectory } from '../../limits/applying/journal.ts';
import { OWNER_NAMES, type OwnerName, type PlanContext, type Request } from '../../limits/model.ts';
import { confirmedPlan } from '../../limits/owners/confirmed-plan.ts';
import { measureCpusInUse } from '../../limits/planning/cpus-in-use.ts';
import { editsOf } from '../../limits/planning/edits.ts';
import { planSet } from '../../limits/planning/plan.ts';
import { type CarryOutHooks, type CarryOutOptions, carryOut } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext, targetsNamed } from '../context.ts';
import { UsageError } from '../errors.ts';
import { timedRevert } from '../timed-revert.ts';

export interface OwnerFlags {
  via?: string;
  persist?: boolean;
}

/** The options of a command by their names, those of addLimitFlags among them. */
export type Values = Readonly<Record<string, unknown>>;

export async function set(
  names: readonly string[],
  options: CarryOutOptions & OwnerFlags & Values & { for?: string },
  global: GlobalOptions,
): Promise<void> {
  const hierarchy = openHierarchy(global);
  const context = measured(planContext(hierarchy, ownerOptions(options)));
  const requests = await limitRequests(names, options, context, hierarchy);
  const hooks =
    options.for === undefined ? {} : watched(timedRevert(options.for, context), requests, hierarchy, context);
  await carryOut(await confirmedPlan(context, (asked) => planSet(requests, asked)), context, options, hooks);
}

/** The context of a command, which may wait while the use of a CPU quota is measured. */
export const measured = (context: PlanContext): PlanContext => ({
  ...context,
  cpusInUse: (paths) => measureCpusInUse(context.files, paths),
});

/** Also reads the pressure of third parties right before the change: what became of it is told once the change is taken back. */
const watched = (
  hooks: ReturnType<typeof timedRevert>,
  requests: readonly Request[],
  hierarchy: Hierarchy,
  { files }: PlanContext,
): CarryOutHooks => ({
  ...hooks,
  before: async (id) => {
    const [{ othersThan }, { keepPressureBefore }] = [
      await import('../others.ts'),
      await import('../../limits/applying/revert/pressure-before.ts'),
    ];
    const targets = requests.map(({ target }) => target.path);
    keepPressureBefore(stateDirectory(), id, await othersThan(targets, hierarchy), files);
    return hooks.before(id);
  },
});

/** What the flags ask of the workloads. Throws UsageError where they ask nothing. */
export async function limitRequests(
  names: readonly string[],
  options: Values,
  { machine }: PlanContext,
  hierarchy: Hierarchy,
): Promise<Request[]> {
  // Values first: a typing error is told before anything is looked up.
  const edits = limitEdits(options, machine);
  if (edits.length === 0)
    throw new UsageError('no limit given; for example --cpu 50% or --memory 512M (tscg set --help lists them)');
  return (await targetsNamed(names, hierarchy)).map((target) => ({ target, edits }));
}

/** What the flags of addLimitFlags ask. */
export const limitEdits = (options: Values, machine: Machine): Request['edits'] =>
  editsOf((long) => texts(options[optionName(long)]), texts(options.property), machine);

/** Values of a flag: none, one, or several where it may be repeated. */
const texts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((text): text is string => typeof text === 'string');

/** `--memory-high` as commander names it: `memoryHigh`. */
const optionName = (long: string): string =>
  long.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

export function ownerOptions({ via = 'auto', persist }: OwnerFlags): { via?: OwnerName; persist?: boolean } {
  const name = OWNER_NAMES.find((owner) => owner === via);
  if (!name && via !== 'auto') throw new UsageError(`--via: no owner "${via}"; one of auto, ${OWNER_NAMES.join(', ')}`);
  return { ...(name ? { via: name } : {}), ...(persist ? { persist } : {}) };
}
