/** The pane `neighbours`: what holds the selected row up, who does it and how much of it, and what would help. */

import { LOOK_SECONDS } from '../diagnosis/look-closer.ts';
import type { Remedy, Suspect, Verdict } from '../diagnosis/model.ts';
import { wordOf } from '../diagnosis/model.ts';
import { remedyCommand } from '../diagnosis/remedy.ts';
import { THRESHOLDS } from '../diagnosis/thresholds.ts';
import { chooseTrial } from '../diagnosis/trial/choose.ts';
import { evidenceFigureText, lookText, REFUSAL_WORDS } from '../diagnosis/words.ts';
import type { Workload } from '../inventory/workload.ts';
import { cut, padEnd } from '../text/cells.ts';
import { clockTime } from '../text/local-time.ts';
import { paneTitle } from './pane-title.ts';
import type { DiagnosisLook } from './selected-diagnosis.ts';
import { type Line, wrappedAll } from './style.ts';

/** `look`: of this row; undefined where none has begun. */
export function neighboursView(workload: Workload | undefined, look: DiagnosisLook | undefined, width: number): Line[] {
  const isRead = look?.finding !== undefined || workload?.path === '/';
  const title = paneTitle(workload, 'neighbours', isRead);
  if (!workload) return [title];
  if (workload.path === '/') return [title, [['the whole machine has no neighbours: select a row below it', 'dim']]];
  const putOff: Line[] = look?.putOff === undefined ? [] : [[[`put off: ${look.putOff}`, 'warning']]];
  if (!look?.finding) {
    return putOff.length > 0
      ? wrappedAll([title, ...putOff], width)
      : [title, [[`looks closer at it for ${look?.seconds ?? LOOK_SECONDS} s …`, 'dim']]];
  }
  const { finding } = look;
  const proof = chooseTrial([finding]);
  const when: Line = [[`at ${clockTime(finding.when)}, ${lookText(finding)}`, 'dim']];
  return wrappedAll(
    [
      title,
      when,
      ...putOff,
      ...finding.verdicts.flatMap((verdict) => verdictLines(verdict, width)),
      ...(proof
        ? [
            [
              ['p proves it', 'accent'],
              [`  by a trial of ${proof.suspect.name}, with and without a limit`],
            ] satisfies Line,
          ]
        : []),
      ...finding.missing.map(
        (what): Line => [
          ['not known  ', 'dim'],
          [what, 'warning'],
        ],
      ),
    ],
    width,
  );
}

function verdictLines(verdict: Verdict, width: number): Line[] {
  const { cause, loss, sentence, suspects, refusal, remedies, figures } = verdict;
  const lost = Number.isNaN(loss) ? '' : `  ${evidenceFigureText(loss, 'ms_per_second')}`;
  const style = cause === 'fine' ? 'good' : cause === 'unknown' ? 'dim' : 'critical';
  const known = figures.filter(({ value }) => !Number.isNaN(value));
  const texts = known.map(({ id, value, unit }) => `${id.replaceAll('_', ' ')} ${evidenceFigureText(value, unit)}`);
  return [
    [
      [`${wordOf(cause)}${lost}  `, style],
      [sentence, 'title'],
    ],
    ...suspects.flatMap((suspect) => suspectLines(suspect, width)),
    ...(refusal ? [[['  nobody is named  '], [REFUSAL_WORDS[refusal]]] satisfies Line] : []),
    ...remedies.map(remedyLine),
    ...(texts.length > 0
      ? [
          [
            ['  figures  ', 'dim'],
            [texts.join(', '), 'dim'],
          ] satisfies Line,
        ]
      : []),
  ];
}

const BAR_CELLS = 20;
const NAME_CELLS = 24;

/** `  batch  ███████████████▁▁▁▁▁  74 %`, and what it was seen doing. */
function suspectLines({ name, what, blame, evidence, confidence }: Suspect, width: number): Line[] {
  const cells = Math.max(5, Math.min(BAR_CELLS, width - NAME_CELLS - 12));
  const filled = Math.round(blame * cells);
  const kind = what === 'workload' ? '' : ` (${what})`;
  const sure = confidence >= THRESHOLDS.likely ? '' : 'possibly ';
  return [
    [
      [`  ${padEnd(cut(`${sure}${name}${kind}`, NAME_CELLS), NAME_CELLS)} `, 'warning'],
      ['█'.repeat(filled), 'critical'],
      ['▁'.repeat(cells - filled), 'dim'],
      [` ${Math.round(blame * 100)} %`, 'title'],
    ],
    [['    ', 'dim'], [evidence]],
  ];
}

const remedyLine = (remedy: Remedy): Line => {
  const command = remedyCommand(remedy);
  return [
    ['  remedy  ', 'good'],
    [remedy.words],
    ...(command ? ([[`  d opens it: ${command}`, 'accent']] as const) : []),
  ];
};
