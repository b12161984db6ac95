/** tscg reclaim: takes memory back from a workload, to swap and by dropping what can be read again. */
import { ActionError } from '../../limits/actions/action-error.ts';
import { guardRisks } from '../../limits/actions/guard.ts';
import { reclaim as reclaimFrom } from '../../limits/actions/reclaim.ts';
import { sizeText } from '../../limits/catalogue.ts';
import { parseSize } from '../../limits/units.ts';
import { type CarryOutOptions, checkRisks } from '../carry-out.ts';
import { type GlobalOptions, openHierarchy, planContext, resolveNames } from '../context.ts';
import { UsageError } from '../errors.ts';

export async function reclaim(
  name: string,
  size: string,
  options: CarryOutOptions,
  global: GlobalOptions,
): Promise<void> {
  const bytes = parseSize(size);
  if (!(bytes > 0 && Number.isFinite(bytes)))
    throw new UsageError(`"${size}" is no amount to reclaim; give one as 500M`);
  const hierarchy = openHierarchy(global);
  const context = planContext(hierarchy);
  const [workload] = await resolveNames([name], hierarchy);
  if (!workload) throw new ActionError(`${name} has ended`);
  const place = { name, path: workload.path, inode: workload.inode };
  const risks = guardRisks(place, 'reclaiming from', context);
  if (options.dryRun) {
    if (options.json) console.log(JSON.stringify({ ...place, asked: bytes, risks, done: false }, undefined, 2));
    else
      console.log(
        `${name}  ${place.path}\n  memory.reclaim ← ${bytes}   (${sizeText(bytes)})\ndry run: nothing was changed`,
      );
    return;
  }
  const warning = checkRisks(risks, options.force);
  if (warning !== '' && !options.json) console.log(warning);
  const result = await reclaimFrom(place, bytes, context.files);
  if (options.json) {
    console.log(JSON.stringify({ ...place, ...result, done: true }, undefined, 2));
    return;
  }
  const { came, swapped, before, after, isAll } = result;
  console.log(
    `${name}: ${sizeText(came)} of ${sizeText(bytes)} came back: memory ${sizeText(before)} → ${sizeText(after)}${swapped > 0 ? `, ${sizeText(swapped)} of it to swap` : ''}`,
  );
  if (!isAll) console.log('the kernel found no more to take (EAGAIN): the rest is in use, and without swap it stays');
}
