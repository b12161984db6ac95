/** What came of a remedy that was tried, as text and as JSON. */

import type { FixAnswer, FixChange, FixOutcome } from '../diagnosis/trial/fix.ts';
import { evidenceFigureText } from '../diagnosis/words.ts';
import { jsonValue } from '../metrics/format.ts';

const MOST_WORSE = 5;

const OUTCOMES: Readonly<Record<FixOutcome, string>> = {
  helped: 'it helps, and no third party is worse for it',
  'no help': 'its loss did not fall by half',
  chance: 'its loss goes up and down so much that this may be chance',
  'others worse': 'it helps, but others are worse for it',
  'others unknown': 'it helps, but what others lose is not known, as there is no PSI (boot with psi=1)',
};

/**
 *     web waits for a CPU: 412 ms/s before, 38 ms/s with the remedy: it helps, and no third party is worse for it
 *       worse: db waits for a CPU: 3 ms/s before, 140 ms/s with the remedy
 */
export function fixText({ outcome, victim, worse }: FixAnswer): string {
  const left = worse.length - MOST_WORSE;
  return [
    `${changeText(victim)}: ${OUTCOMES[outcome]}`,
    ...worse.slice(0, MOST_WORSE).map((change) => `  worse: ${changeText(change)}`),
    ...(left > 0 ? [`  and ${left} more`] : []),
  ].join('\n');
}

const changeText = ({ party, measure, before, meanwhile }: FixChange): string =>
  `${party.name} ${measure.words}: ${evidenceFigureText(before, measure.unit)} before, ${evidenceFigureText(meanwhile, measure.unit)} with the remedy`;

export const fixJson = ({ outcome, victim, worse }: FixAnswer): Record<string, unknown> => ({
  outcome,
  victim: changeJson(victim),
  worse: worse.map(changeJson),
});

const changeJson = ({ party, measure, before, meanwhile }: FixChange): object => ({
  path: party.path,
  name: party.name,
  measure: { id: measure.id, unit: measure.unit, source: measure.source },
  before: jsonValue(before),
  meanwhile: jsonValue(meanwhile),
});
