/** What a form says of a change, whichever form it is: whom by identity, what may go wrong, and each write. */

import type { Workload } from '../inventory/workload.ts';
import { findLimit } from '../limits/catalogue/catalogue.ts';
import type { Plan, PlannedWrite, Risk } from '../limits/model.ts';
import { forcedPlan } from '../limits/planning/lowering.ts';
import { type Line, wrapped } from './style.ts';

const MOST_TARGETS = 4;

/** What a form does and its keys; on one line where two would be too many of the window's. */
export function titleLines(title: string, keys: string, height: number, width: number): Line[] {
  const line: Line = [
    [title, 'title'],
    [`  ${keys}`, 'dim'],
  ];
  const lines = wrapped(line, width);
  return lines.length <= height / 3 ? lines : [line];
}

/** Inodes of targets that have ended since the form was opened. */
export type Gone = ReadonlySet<number>;

export const NONE_GONE: Gone = new Set();

/** The inode before the path: what has no room is the end of a long id. */
export function targetLines(targets: readonly Pick<Workload, 'name' | 'path' | 'inode'>[], gone: Gone): Line[] {
  const lines = targets
    .slice(0, MOST_TARGETS)
    .map(
      ({ name, path, inode }): Line => [
        [`  ${name}  `, 'accent'],
        ...(gone.has(inode) ? ([['has ended  ', 'critical']] as const) : []),
        [`inode ${inode}  ${path}`, 'dim'],
      ],
    );
  const left = targets.length - lines.length;
  if (left <= 0) return lines;
  const ended = targets.slice(MOST_TARGETS).filter(({ inode }) => gone.has(inode)).length;
  const more: Line = [
    [`  and ${left} more`, 'dim'],
    ...(ended > 0 ? ([[`, ${ended} have ended`, 'critical']] as const) : []),
  ];
  return [...lines, more];
}

/** What may go wrong and whether it is forced, then each write before → after, who makes it, and notes. */
export function planLines(plan: Plan, force: boolean, width: number): Line[] {
  const { writes, unchanged, risks } = force ? forcedPlan(plan) : plan;
  const change = ({ before, after }: PlannedWrite, meaning: (text: string) => string): string =>
    `${meaning(before)} → ${meaning(after)}`;
  const lines = writes.flatMap((write): Line[] => {
    const written = change(write, (text) => text);
    const meant = change(write, (text) => findLimit(write.file)?.describe(text) ?? text);
    return [
      [
        [`  ${write.name} `, 'plain'],
        [`${write.file}: ${written}`, 'accent'],
        [meant === written ? '' : `   (${meant})`],
        [write.property ? `  through ${write.via}: ${write.property}` : `  through ${write.via}`, 'dim'],
      ],
      ...write.notes.map((note): Line => [[`    ${note}`, 'dim']]),
    ];
  });
  return [
    ...riskLines(risks, force, width),
    ...lines.flatMap((line) => wrapped(line, width)),
    ...unchanged.map((write): Line => [[`  ${write.name} ${write.file}: already ${write.after}`, 'dim']]),
  ];
}

/** Whole, on as many lines as they need: refusals first, and how they are forced. */
export function riskLines(risks: readonly Risk[], force: boolean, width: number): Line[] {
  const ordered = [...risks].sort((a, b) => Number(b.level === 'refuse') - Number(a.level === 'refuse'));
  const lines = ordered.flatMap(({ level, text, remedy }): Line[] => {
    const whole = `${level === 'refuse' ? 'refused' : 'warning'}: ${text}${remedy ? `; ${remedy}` : ''}`;
    return wrapped([[`  ${whole}`, level === 'refuse' ? 'critical' : 'warning']], width);
  });
  if (!isRefused(risks, false)) return lines;
  const hint: Line = [
    ['  Ctrl-F forces it all the same: ', 'dim'],
    [force ? 'FORCED' : 'not forced', force ? 'critical' : 'plain'],
  ];
  return [...lines, hint];
}

export const isRefused = (risks: readonly Risk[], force: boolean): boolean =>
  !force && risks.some(({ level }) => level === 'refuse');

export interface FormView {
  readonly lines: readonly Line[];
  /** Lines that there is no room for at once. */
  readonly overflow: number;
}

/** The head stays; the rest is shown from line `top` on, and says where there is more. */
export function headed(head: readonly Line[], rest: readonly Line[], top: number, height: number): FormView {
  const room = Math.max(1, height - head.length);
  if (rest.length <= room) return { lines: [...head, ...rest], overflow: 0 };
  const overflow = rest.length - (room - 1);
  const from = Math.max(0, Math.min(top, overflow));
  const more: Line = [[`  ${from} lines above, ${overflow - from} below: PgUp, PgDn`, 'title']];
  return { lines: [...head, ...rest.slice(from, from + room - 1), more], overflow };
}
