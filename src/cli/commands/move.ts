/** tscg move: a process into another cgroup. */

import { moveProcess, planMove } from '../../limits/actions/move.ts';
import { clean } from '../../text/clean.ts';
import { shellWord } from '../../text/shell-word.ts';
import { type CarryOutOptions, checkRisks, DRY_RUN, endDryRun } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext, resolveName } from '../context.ts';
import { UsageError } from '../errors.ts';
import { printJson, printLine } from '../output.ts';
import { riskText } from '../plan-text.ts';

export async function moveCommand(
  process: string,
  name: string,
  options: CarryOutOptions,
  global: GlobalOptions,
): Promise<void> {
  const pid = Number(/^(?:pid:)?([1-9]\d{0,9})$/.exec(process)?.[1] ?? Number.NaN);
  if (Number.isNaN(pid)) throw new UsageError(`"${process}" is no process; give one as pid:1234`);
  const hierarchy = openHierarchy(global);
  const context = planContext(hierarchy);
  const workload = await resolveName(name, hierarchy);
  const plan = planMove(pid, { name, path: workload.path, inode: workload.inode }, context);
  const say = (text: string): void => {
    if (!options.json && text !== '') printLine(text);
  };
  say(`pid ${pid} (${plan.comm}): ${clean(plan.from)} → ${clean(plan.to.path)}`);
  if (plan.from === plan.to.path) {
    say('it is there already: nothing to change');
  } else if (options.dryRun) {
    for (const risk of plan.risks) say(riskText(risk, options.force));
    say(DRY_RUN);
    endDryRun(plan.risks, options.force);
  } else {
    say(
      checkRisks(plan.risks, options.force, () => {
        if (options.json) printJson({ ...plan, to: plan.to.path, moved: false });
      }),
    );
    moveProcess(plan, context.files);
    // Bytes that are no UTF-8 are read as that, and lead nowhere.
    say(plan.from.includes('\ufffd') ? 'moved' : `moved; back: tscg move pid:${pid} ${shellWord(plan.from)}`);
  }
  if (options.json) {
    const moved = !options.dryRun && plan.from !== plan.to.path;
    printJson({ ...plan, to: plan.to.path, moved });
  }
}
