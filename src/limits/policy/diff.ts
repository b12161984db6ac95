/** A Plan as a unified diff. */

import { terminalSafe } from '../../text/cells.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import type { Plan } from '../model.ts';

/** Lines of a unified diff, a hunk for each workload; what stays as it is, is left out. Empty where nothing changes. */
export function planDiff({ writes }: Plan): string {
  const lines: string[] = [];
  let last = '';
  for (const { name, path, file, before, after, via, notes } of writes) {
    if (path !== last) lines.push(`--- ${terminalSafe(path)}`, `+++ ${terminalSafe(path)} (${terminalSafe(name)})`);
    last = path;
    const owner = via === 'cgroupfs' ? '' : ` through ${via}`;
    lines.push(
      ...before.split('\n').map((line) => `-${file}: ${line}${meaning(file, line, before)}`),
      ...after.split('\n').map((line) => `+${file}: ${line}${meaning(file, line, after)}${owner}`),
      ...notes.map((note) => `# ${terminalSafe(note)}`),
    );
  }
  return lines.join('\n');
}

/** The meaning of a file with one line; a text of several lines means something only as a whole. */
function meaning(file: string, line: string, text: string): string {
  if (line !== text) return '';
  const described = findLimit(file)?.describe(text) ?? text;
  return described === text.trim() ? '' : `   (${described})`;
}
