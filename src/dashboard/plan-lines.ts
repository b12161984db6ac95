/** What a form says of a change, whichever form it is: whom by identity, each write, and what may go wrong. */
import type { Workload } from '../inventory/workload.ts';
import { findLimit } from '../limits/catalogue.ts';
import type { Plan, Risk } from '../limits/plan.ts';
import type { Line } from './style.ts';

const MOST_TARGETS = 4;

export function targetLines(targets: readonly Pick<Workload, 'name' | 'path' | 'inode'>[]): Line[] {
  const lines = targets.slice(0, MOST_TARGETS).map(
    ({ name, path, inode }): Line => [
      [`  ${name}  `, 'accent'],
      [`${path}  inode ${inode}`, 'dim'],
    ],
  );
  const left = targets.length - lines.length;
  return left > 0 ? [...lines, [[`  and ${left} more`, 'dim']]] : lines;
}

/** Each write before → after, who makes it, notes and risks. */
export function planLines({ writes, unchanged, risks }: Plan): Line[] {
  const meaning = (file: string, text: string): string => findLimit(file)?.describe(text) ?? text;
  return [
    ...writes.flatMap((write): Line[] => [
      [
        [`  ${write.name} `, 'plain'],
        [`${write.file}: ${write.before} → ${write.after}`, 'accent'],
        [`   (${meaning(write.file, write.before)} → ${meaning(write.file, write.after)})`],
        [write.property ? `  through ${write.via}: ${write.property}` : `  through ${write.via}`, 'dim'],
      ],
      ...write.notes.map((note): Line => [[`    ${note}`, 'dim']]),
    ]),
    ...unchanged.map((write): Line => [[`  ${write.name} ${write.file}: already ${write.after}`, 'dim']]),
    ...risks.map(riskLine),
  ];
}

export const riskLine = ({ level, text, remedy }: Risk): Line => [
  [
    `  ${level === 'refuse' ? 'refused' : 'warning'}: ${text}${remedy ? `; ${remedy}` : ''}`,
    level === 'refuse' ? 'critical' : 'warning',
  ],
];

export const isRefused = (risks: readonly Risk[], force: boolean): boolean =>
  !force && risks.some(({ level }) => level === 'refuse');

/** Nothing where nothing is refused. */
export const forceHint = (force: boolean, risks: readonly Risk[]): Line =>
  isRefused(risks, false)
    ? [
        ['  Ctrl-F forces it all the same: ', 'dim'],
        [force ? 'FORCED' : 'not forced', force ? 'critical' : 'plain'],
      ]
    : [];
