/** A trial's answer as text and as JSON. */
import type { TrialAnswer, UseChange } from '../diagnosis/trial/answer.ts';
import type { LossMeasure } from '../diagnosis/trial/measure.ts';
import type { TrialEffect } from '../diagnosis/trial/statistics.ts';
import { evidenceFigureText } from '../diagnosis/words.ts';
import { jsonValue } from '../metrics/format.ts';
import { terminalSafe } from '../text/cells.ts';

const MOST_OTHERS = 5;

/**
 *     proven: the limit of batch helps web (p = 0.004)
 *       web waits for a CPU: 412 ms/s without the limit, 38 ms/s with it; it saves 374 ms/s (95 % range: 350 ms/s to 401 ms/s)
 *       8 of 8 pairs for it, 0 against it
 *       it costs batch: cpu time 1020 ms/s without the limit, 580 ms/s with it
 *       web itself: cpu time 580 ms/s without the limit, 960 ms/s with it
 *       others: db waits for a CPU: 3 ms/s without the limit, 40 ms/s with it (p = 0.02)
 */
export function trialText({ victim, suspect, measure, effect, isProven, ...rest }: TrialAnswer): string {
  const { suspectUse, victimUse, others, othersMeasure } = rest;
  const p = `p = ${pText(effect.p)}`;
  const left = others.length - MOST_OTHERS;
  return [
    isProven
      ? `proven: the limit of ${suspect.name} helps ${victim.name} (${p})`
      : `not proven: no effect of the limit of ${suspect.name} on ${victim.name} can be told from chance (${p})`,
    `  ${victim.name} ${lossText(measure, effect)}; ${savedText(measure, effect)}`,
    `  ${effect.pairsFor} of ${effect.pairs} pairs for it, ${effect.pairsAgainst} against it`,
    `  it costs ${suspect.name}: ${useText(suspectUse)}`,
    `  ${victim.name} itself: ${useText(victimUse)}`,
    ...(others.length === 0 ? ['  others: nobody lost or gained 10 ms of a second'] : []),
    ...others
      .slice(0, MOST_OTHERS)
      .map(
        ({ party, effect: other }) =>
          `  others: ${party.name} ${lossText(othersMeasure, other)} (${other.saved < 0 ? 'worse' : 'better'})`,
      ),
    ...(left > 0 ? [`  and ${left} more`] : []),
  ]
    .map(terminalSafe)
    .join('\n');
}

const pText = (p: number): string => (p < 0.001 ? p.toExponential(0) : p.toFixed(3));

const figureOf = ({ unit }: LossMeasure, value: number): string =>
  value < 0 ? `-${evidenceFigureText(-value, unit)}` : evidenceFigureText(value, unit);

const lossText = (measure: LossMeasure, { off, on }: TrialEffect): string =>
  `${measure.words}: ${figureOf(measure, off)} without the limit, ${figureOf(measure, on)} with it`;

const savedText = (measure: LossMeasure, { saved, range: [least, most], coverage }: TrialEffect): string =>
  `it saves ${figureOf(measure, saved)} (${Math.round(coverage * 100)} % range: ${figureOf(measure, least)} to ${figureOf(measure, most)})`;

const useText = ({ id, unit, off, on }: UseChange): string =>
  Number.isNaN(off) || Number.isNaN(on)
    ? `${id.replaceAll('_', ' ')} is not known`
    : `${id.replaceAll('_', ' ')} ${evidenceFigureText(off, unit)} without the limit, ${evidenceFigureText(on, unit)} with it`;

export const trialJson = (answer: TrialAnswer): Record<string, unknown> => ({
  suspect: answer.suspect,
  victim: answer.victim,
  proven: answer.isProven,
  measure: measureJson(answer.measure),
  effect: effectJson(answer.effect),
  suspect_use: useJson(answer.suspectUse),
  victim_use: useJson(answer.victimUse),
  others_measure: measureJson(answer.othersMeasure),
  others: answer.others.map(({ party, effect }) => ({ ...party, ...effectJson(effect) })),
});

const measureJson = ({ id, unit, source }: LossMeasure): object => ({ id, unit, source });

const useJson = ({ id, unit, off, on }: UseChange): object => ({
  id,
  unit,
  without: jsonValue(off),
  with: jsonValue(on),
});

const effectJson = ({ pairs, off, on, saved, range, coverage, pairsFor, pairsAgainst, p }: TrialEffect): object => ({
  without: jsonValue(off),
  with: jsonValue(on),
  saved: jsonValue(saved),
  range: range.map(jsonValue),
  range_coverage: jsonValue(coverage),
  pairs,
  pairs_for: pairsFor,
  pairs_against: pairsAgainst,
  p: Number.isNaN(p) ? null : p,
});
