/** Manual pages in roff's man macros, which man-db and mandoc both read. Text is escaped here and nowhere else. */

import type { Page, Section, Term } from './manual.ts';

/** A macro's argument or a line of text: nothing in it is a request, an escape, or changed into typography. */
export function roffText(text: string): string {
  const escaped = text
    .replaceAll('\\', '\\e')
    .replace(/["'`~^-]/g, (character) => SPECIAL[character] ?? character)
    .replace(/[^\x20-\x7e]/gu, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return code < 0xa0 ? ' ' : `\\[u${code.toString(16).toUpperCase().padStart(4, '0')}]`;
    });
  return escaped.startsWith('.') ? `\\&${escaped}` : escaped;
}

/** By what keeps them as typed: a manual's hyphens and quotes are copied into shells. */
const SPECIAL: Readonly<Record<string, string>> = {
  '"': '\\(dq',
  "'": '\\(aq',
  '`': '\\(ga',
  '~': '\\(ti',
  '^': '\\(ha',
  '-': '\\-',
};

const bold = (text: string): string => `\\fB${roffText(text)}\\fR`;

/** `-d, --delay <seconds>`: what is typed bold, what stands for something in italics. */
export function flagsText(flags: string): string {
  return flags
    .split(/(<[^>]*>|\[[^\]]*\])/)
    .map((part) => {
      if (part === '') return '';
      return /^[<[]/.test(part)
        ? `\\fI${roffText(part)}\\fR`
        : part.replace(/[^\s,]+/g, (word) => bold(word)).replace(/^\./, '\\&.');
    })
    .join('');
}

function termText(term: Term): string {
  if ('flags' in term) return flagsText(term.flags);
  return 'word' in term ? bold(term.word) : `\\fI${roffText(term.argument)}\\fR`;
}

export function manPage({ name, version, purpose, sections }: Page): string {
  const lines = [
    `.TH "${roffText(name.toUpperCase())}" "1" "" "${roffText(`${name} ${version}`)}" "User Commands"`,
    // No hyphenation, ragged right: names and flags stay whole.
    '.nh',
    '.ad l',
    '.SH "NAME"',
    `${roffText(name)} \\- ${roffText(purpose)}`,
    ...sections.flatMap((section) => sectionLines(section, '.SH')),
  ];
  return `${lines.join('\n')}\n`;
}

function sectionLines({ title, paragraphs = [], entries = [], parts = [] }: Section, macro: '.SH' | '.SS'): string[] {
  return [
    `${macro} "${roffText(title)}"`,
    ...paragraphs.flatMap((text, index) => [...(index > 0 ? ['.PP'] : []), roffText(text)]),
    ...entries.flatMap(({ term, text }) => ['.TP', termText(term), roffText(text) || '\\&']),
    ...parts.flatMap((part) => sectionLines(part, '.SS')),
  ];
}
