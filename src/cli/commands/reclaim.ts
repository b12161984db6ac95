/** tscg reclaim: takes memory back from a workload, to swap and by dropping what can be read again. */

import { parseReclaim, planReclaim, reclaimMemory, reclaimText } from '../../limits/actions/reclaim.ts';
import { bytesText } from '../../text/bytes.ts';
import { clean } from '../../text/clean.ts';
import { type CarryOutOptions, checkRisks, DRY_RUN, endDryRun } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext, resolveName } from '../context.ts';
import { printJson, printLine } from '../output.ts';
import { riskText } from '../plan-text.ts';

export async function reclaimCommand(
  name: string,
  size: string,
  options: CarryOutOptions,
  global: GlobalOptions,
): Promise<void> {
  const bytes = parseReclaim(size);
  const hierarchy = openHierarchy(global);
  const context = planContext(hierarchy);
  const workload = await resolveName(name, hierarchy);
  const place = { name, path: workload.path, inode: workload.inode };
  const { used, cache, risks } = planReclaim(place, bytes, context);
  const planned = { ...place, asked: bytes, used, cache, risks, done: false };
  if (options.dryRun) {
    if (options.json) printJson(planned);
    else {
      printLine(`${clean(name)}  ${clean(place.path)}`);
      printLine(
        `  memory.reclaim ← ${bytes}   (${bytesText(bytes)} of ${bytesText(used)}, of it ${bytesText(cache)} page cache)`,
      );
      for (const risk of risks) printLine(riskText(risk, options.force));
      printLine(DRY_RUN);
    }
    endDryRun(risks, options.force);
    return;
  }
  const warning = checkRisks(risks, options.force, () => {
    if (options.json) printJson(planned);
  });
  if (warning !== '' && !options.json) printLine(warning);
  const result = await reclaimMemory(place, bytes, context.files);
  if (options.json) printJson({ ...place, ...result, done: true });
  else printLine(reclaimText(clean(name), result));
}
