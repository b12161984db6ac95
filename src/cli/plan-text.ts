/** A Plan as text: every write before → after, what it means, notes and risks. */

import { findLimit } from '../limits/catalogue/catalogue.ts';
import type { Plan, Risk, Write } from '../limits/model.ts';
import { clean } from '../text/clean.ts';

/** `force`: the risks that would refuse the Plan are told as overridden. */
export function planText({ writes, unchanged, risks }: Plan, force = false): string {
  const lines: string[] = [];
  let target = '';
  const heading = ({ name, path }: Write): void => {
    const title = `${clean(name)}  ${clean(path)}`;
    if (title !== target) lines.push(title);
    target = title;
  };
  for (const write of writes) {
    heading(write);
    const change = (text: (value: string) => string): string => `${text(write.before)} → ${text(write.after)}`;
    lines.push(`  ${write.file}: ${change(oneLine)}${inWords(change(oneLine), change(meaningIn(write)))}`);
    if (write.property) lines.push(`    through ${write.via} ${clean(subjectText(write))}: ${write.property}`);
    for (const note of write.notes) lines.push(`    ${clean(note)}`);
  }
  for (const write of unchanged) {
    heading(write);
    const value = oneLine(write.after);
    lines.push(`  ${write.file}: already ${value || 'empty'}${inWords(value, meaningIn(write)(write.after))}`);
  }
  return [...lines, ...risks.map((risk) => riskText(risk, force))].join('\n');
}

/** io.max and the like have a line a disk. */
export const oneLine = (text: string): string => text.replaceAll('\n', '; ');

/** A container id is shortened as its engine shows it; a unit is told in full. */
const subjectText = ({ subject }: Write): string => (/^[0-9a-f]{64}$/.test(subject) ? subject.slice(0, 12) : subject);

export function riskText({ level, text, remedy }: Risk, force = false): string {
  if (level === 'warn') return clean(`warning: ${text}${remedy ? `; ${remedy}` : ''}`);
  if (force) return clean(`forced: ${text}`);
  return clean(`refused: ${text}; ${remedy ? `${remedy}, or add --force` : 'add --force to do it all the same'}`);
}

/** The meaning behind a value, where it says more than the value itself. */
const inWords = (value: string, meaning: string): string => (meaning === value ? '' : `   (${meaning})`);

const meaningIn =
  ({ file }: Pick<Write, 'file'>) =>
  (text: string): string =>
    findLimit(file)?.describe(text) ?? oneLine(text);
