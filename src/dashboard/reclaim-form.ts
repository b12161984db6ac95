/** Taking memory back from the chosen rows: how much, from what, and what came. */

import type { Workload } from '../inventory/workload.ts';
import { parseReclaim, planReclaim, type ReclaimPlan, reclaimMemory, reclaimText } from '../limits/actions/reclaim.ts';
import type { PlanContext } from '../limits/model.ts';
import { bytesText } from '../text/bytes.ts';
import { errorText } from '../text/error-text.ts';
import { inTurn } from './acting.ts';
import { edited, type ReclaimForm, type Typed } from './modal.ts';
import { type FormView, type Gone, headed, riskLines, targetLines, titleLines } from './plan-lines.ts';
import { type Line, wrapped } from './style.ts';

export const openReclaim = (targets: readonly Workload[], context: PlanContext): ReclaimForm => ({
  kind: 'reclaim',
  targets,
  amount: '',
  plans: plansOf(targets, 0, context),
  top: 0,
  force: false,
});

const plansOf = (targets: readonly Workload[], bytes: number, context: PlanContext): ReclaimPlan[] =>
  targets.map((target) => planReclaim(target, bytes, context));

export function reclaimKey({ fault: _, ...form }: ReclaimForm, key: Typed, context: PlanContext): ReclaimForm {
  const amount = edited(form.amount, key) ?? form.amount;
  try {
    const bytes = amount.trim() === '' ? 0 : parseReclaim(amount.trim());
    return { ...form, amount, plans: plansOf(form.targets, bytes, context) };
  } catch (error) {
    const fault = errorText(error);
    return { ...form, amount, plans: [], fault };
  }
}

export const reclaimAll = (
  plans: readonly ReclaimPlan[],
  { files }: PlanContext,
  onProgress: (text: string) => void,
): Promise<string> =>
  inTurn(
    plans,
    async ({ place, asked }) => {
      const result = await reclaimMemory(place, asked, files, (done) =>
        onProgress(`reclaiming from ${place.name}: ${bytesText(done)} of ${bytesText(asked)} asked for …`),
      );
      return reclaimText(place.name, result);
    },
    (done) => done.join('; '),
  );

export function reclaimView(form: ReclaimForm, height: number, width: number, gone: Gone): FormView {
  const { targets, amount, plans, fault, force } = form;
  const head: Line[] = [
    ...titleLines(
      `Take memory back from ${targets.length === 1 ? 'this row' : `each of these ${targets.length} rows`}`,
      'type an amount, as 500M  Enter does it  Esc back',
      height,
      width,
    ),
    ...targetLines(targets, gone),
    [
      ['  amount  ', 'title'],
      [`${amount}▏`, 'accent'],
    ],
    ...(fault ? wrapped([[`  ${fault}`, 'critical']], width) : []),
  ];
  const risks = plans.flatMap((plan) => plan.risks);
  const outlook = plans.flatMap((plan) => wrapped(outlookLine(plan), width));
  return headed(head, [...riskLines(risks, force, width), ...outlook], form.top, height);
}

/** What there is to take and, once an amount is typed, what would be written. */
const outlookLine = ({ place, asked, used, cache }: ReclaimPlan): Line => [
  [`  ${place.name} `],
  ...(asked > 0 ? ([[`memory.reclaim ← ${asked} (${bytesText(asked)})  `, 'accent']] as const) : []),
  [`uses ${bytesText(used)}, of it ${bytesText(cache)} page cache that can be read again`, 'dim'],
];
