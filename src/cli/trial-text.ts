/** A trial's answer as text and as JSON. */

import type { TrialAnswer, UseChange } from '../diagnosis/trial/answer.ts';
import type { LossMeasure } from '../diagnosis/trial/measure.ts';
import type { TrialEffect } from '../diagnosis/trial/statistics.ts';
import { evidenceTexts, verdictText } from '../diagnosis/trial/words.ts';
import { jsonValue } from '../metrics/format.ts';
import { terminalSafe } from '../text/cells.ts';

export const trialText = (answer: TrialAnswer): string =>
  [verdictText(answer), ...evidenceTexts(answer).map((text) => `  ${text}`)].map(terminalSafe).join('\n');

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
