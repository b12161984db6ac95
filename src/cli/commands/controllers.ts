/**
 * tscg controllers: which controllers a cgroup has and enables for its children, where each stops, and enabling and disabling
 * them.
 */

import {
  controllerLevels,
  parseControllerSteps,
  planControllers,
  whereItStops,
} from '../../limits/actions/controllers.ts';
import { terminalSafe } from '../../text/cells.ts';
import { type CarryOutOptions, carryOut } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext, resolveName } from '../context.ts';
import { printJson, printLine } from '../output.ts';
import { formatTable } from '../table.ts';

export async function controllers(
  name: string,
  steps: readonly string[],
  options: CarryOutOptions,
  global: GlobalOptions,
): Promise<void> {
  const wanted = parseControllerSteps(steps);
  const hierarchy = openHierarchy(global);
  const context = planContext(hierarchy);
  const workload = await resolveName(name, hierarchy);
  if (steps.length > 0) {
    await carryOut(planControllers({ ...workload, name }, wanted, context), context, options);
    return;
  }
  const levels = controllerLevels(workload.path, context.files);
  const here = levels.at(-1);
  const rows = (levels[0]?.available ?? []).map((controller) => ({
    controller,
    available: here?.available.includes(controller) ?? false,
    handed_on: here?.enabled.includes(controller) ?? false,
    stops_at: whereItStops(controller, levels) ?? null,
  }));
  if (options.json) {
    printJson({ name, path: workload.path, controllers: rows });
    return;
  }
  printLine(`${terminalSafe(name)}  ${terminalSafe(workload.path)}`);
  if (rows.length === 0) {
    printLine(
      'no controllers in this hierarchy: the kernel has none, or cgroup v1 has them (tscg doctor tells which, and what helps)',
    );
    return;
  }
  printLine(
    formatTable(
      ['CONTROLLER', 'HERE', 'HANDED ON', ''].map((title) => ({ title, align: 'left' })),
      rows.map(({ controller, available, handed_on, stops_at }) => [
        controller,
        available ? 'yes' : 'no',
        handed_on ? 'yes' : 'no',
        stops_at === null ? '' : `stops at ${stops_at}: tscg controllers ${stops_at} +${controller}`,
      ]),
    ),
  );
}
