/** How a trial's answer is said, wherever it is shown. */

import { evidenceFigureText } from '../words.ts';
import type { TrialAnswer, UseChange } from './answer.ts';
import type { LossMeasure } from './measure.ts';
import type { TrialPlan } from './plan-trial.ts';
import type { TrialEffect } from './statistics.ts';

const MOST_OTHERS = 5;

/** `proven: the limit of batch helps web (p = 0.004)` */
export function verdictText({ victim, suspect, effect, isProven }: TrialAnswer): string {
  const p = `p = ${pText(effect.p)}`;
  return isProven
    ? `proven: the limit of ${suspect.name} helps ${victim.name} (${p})`
    : `not proven: no effect of the limit of ${suspect.name} on ${victim.name} can be told from chance (${p})`;
}

/**
 *     web waits for a CPU: 412 ms/s without the limit, 38 ms/s with it; it saves 374 ms/s (95 % range: 350 ms/s to 401 ms/s)
 *     8 of 8 pairs for it, 0 against it
 *     it costs batch: cpu time 1020 ms/s without the limit, 580 ms/s with it
 *     web itself: cpu time 580 ms/s without the limit, 960 ms/s with it
 *     others: db waits for a CPU: 3 ms/s without the limit, 40 ms/s with it (worse)
 */
export function evidenceTexts(answer: TrialAnswer): string[] {
  const { victim, suspect, measure, effect, suspectUse, victimUse, others, othersMeasure } = answer;
  const left = others.length - MOST_OTHERS;
  return [
    `${lossText(answer)}; ${savedText(measure, effect)}`,
    `${effect.pairsFor} of ${effect.pairs} pairs for it, ${effect.pairsAgainst} against it`,
    `it costs ${suspect.name}: ${useText(suspectUse)}`,
    `${victim.name} itself: ${useText(victimUse)}`,
    ...(others.length === 0 ? ['others: nobody lost or gained 10 ms of a second'] : []),
    ...others
      .slice(0, MOST_OTHERS)
      .map(
        ({ party, effect: other }) =>
          `others: ${party.name} ${changeText(othersMeasure, other)} (${other.saved < 0 ? 'worse' : 'better'})`,
      ),
    ...(left > 0 ? [`and ${left} more`] : []),
  ];
}

/** `web waits for a CPU: 412 ms/s without the limit, 38 ms/s with it` */
export const lossText = ({ victim, measure, effect }: TrialAnswer): string =>
  `${victim.name} ${changeText(measure, effect)}`;

/** `taken back: cpu.weight is 100 again (change 5f0c9a1e)` */
export const takenBackText = ({ plan }: TrialPlan, id: string): string =>
  `taken back: ${plan.writes.map(({ file, before }) => `${file} is ${before.replaceAll('\n', '; ')} again`).join(', ')} (change ${id})`;

const pText = (p: number): string => (p < 0.001 ? p.toExponential(0) : p.toFixed(3));

const figureOf = ({ unit }: LossMeasure, value: number): string =>
  value < 0 ? `-${evidenceFigureText(-value, unit)}` : evidenceFigureText(value, unit);

const changeText = (measure: LossMeasure, { off, on }: TrialEffect): string =>
  `${measure.words}: ${figureOf(measure, off)} without the limit, ${figureOf(measure, on)} with it`;

const savedText = (measure: LossMeasure, { saved, range: [least, most], coverage }: TrialEffect): string =>
  `it saves ${figureOf(measure, saved)} (${Math.round(coverage * 100)} % range: ${figureOf(measure, least)} to ${figureOf(measure, most)})`;

const useText = ({ id, unit, off, on }: UseChange): string =>
  Number.isNaN(off) || Number.isNaN(on)
    ? `${id.replaceAll('_', ' ')} is not known`
    : `${id.replaceAll('_', ' ')} ${evidenceFigureText(off, unit)} without the limit, ${evidenceFigureText(on, unit)} with it`;
