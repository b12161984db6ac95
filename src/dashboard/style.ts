/**
 * Styled text: pieces with a style, joined to one line of exact width. Styles are named by meaning; a theme says how
 * each looks. Blessed reads SGR sequences in content, and nothing else in it is an escape: all text is `terminalSafe`.
 */

import { cellWidth, cut, terminalSafe } from '../text/cells.ts';
import type { Style, Theme } from './themes.ts';

export type Piece = readonly [text: string, style?: Style];
export type Line = readonly Piece[];

export const cellsOf = (line: Line): number => line.reduce((sum, [text]) => sum + cellWidth(text), 0);

const RESET = '\x1b[0m';

interface Rendered extends Pick<Theme, 'codes' | 'ascii'> {
  readonly width: number;
  readonly text: string;
}

/** Each line as it was rendered last: most lines of a table are those of the drawing before. */
const rendered = new WeakMap<Line, Rendered>();

/** The line cut or filled to `width` cells, as SGR text. A `selected` line is one style from edge to edge. */
export function renderLine(line: Line, width: number, theme: Theme): string {
  const { codes, ascii } = theme;
  const last = rendered.get(line);
  if (last?.width === width && last.codes === codes && last.ascii === ascii) return last.text;
  const text = render(line, width, theme);
  rendered.set(line, { width, codes, ascii, text });
  return text;
}

function render(line: Line, width: number, theme: Theme): string {
  let left = width;
  let text = '';
  const selected = line.some(([, style]) => style === 'selected');
  for (const [raw, style = 'plain'] of line) {
    if (left <= 0) break;
    const shown = cut(terminalSafe(raw), left);
    left -= cellWidth(shown);
    const code = theme.codes[selected ? 'selected' : style];
    const drawn = theme.ascii ? toAscii(shown) : shown;
    text += selected || code === '' ? drawn : `${code}${drawn}${RESET}`;
  }
  const filled = text + ' '.repeat(Math.max(0, left));
  return selected && theme.codes.selected !== '' ? `${theme.codes.selected}${filled}${RESET}` : filled;
}

/** What stands for a character where there is ASCII alone; each has one cell. */
const ASCII: Readonly<Record<string, string>> = {
  '…': '~',
  '▼': 'v',
  '▲': '^',
  '▸': '+',
  '▾': '-',
  '●': '*',
  '↻': '@',
  Σ: '=',
  '†': 'x',
  '└': '`',
  '├': '|',
  '─': '-',
  '│': '|',
  '▏': '_',
  '→': '>',
  '←': '<',
  '↑': '^',
  '↓': 'v',
  '↵': '$',
  Δ: 'd',
  '≥': '>',
  µ: 'u',
  '▁': '.',
  '▂': ':',
  '▃': '-',
  '▄': '=',
  '▅': '+',
  '▆': '*',
  '▇': '#',
  '█': '@',
};

/** The text in ASCII alone, of the same width. */
const toAscii = (text: string): string =>
  text.replace(/[^\x20-\x7e]/gu, (character) => ASCII[character] ?? '?'.repeat(cellWidth(character)));

/**
 * A long line on several: broken before a dim piece (the name of a figure), and between the words of a piece that has no
 * room on one line. What is broken stands under the end of the first piece; a piece alone is indented by two.
 */
export function wrapped(line: Line, width: number): Line[] {
  const cells = line.map(([text]) => cellWidth(text));
  if (cells.reduce((sum, count) => sum + count, 0) <= width) return [line];
  const alone = line.length === 1 ? (/^ */.exec(line[0]?.[0] ?? '')?.[0].length ?? 0) + 2 : (cells[0] ?? 0);
  const indent = Math.min(alone, Math.floor(width / 3));
  const lines: Piece[][] = [[]];
  let used = 0;
  const put = (text: string, style: Style | undefined, count: number): void => {
    lines.at(-1)?.push(style === undefined ? [text] : [text, style]);
    used += count;
  };
  const breakLine = (): void => {
    lines.push([[' '.repeat(indent)]]);
    used = indent;
  };
  for (const [index, [text, style]] of line.entries()) {
    const count = cells[index] ?? 0;
    const next = style === 'dim' ? line[index + 1] : undefined;
    const together = count + (next ? cellWidth(next[0].trimEnd()) : 0);
    const wanted = together <= width - indent ? together : count;
    if (used + wanted > width && used > indent && wanted <= width - indent) breakLine();
    const blanks = text.length - text.trimEnd().length;
    const over = Math.max(0, used + count - width);
    if (over <= blanks) put(text.slice(0, text.length - over), style, count - over);
    else
      for (const word of wordsOf(terminalSafe(text), width - indent)) {
        const isFirst = used <= indent && lines.length > 1;
        if (used + cellWidth(word.trimEnd()) > width && !isFirst) breakLine();
        const shown = used === indent && lines.length > 1 ? word.trimStart() : word;
        put(shown, style, cellWidth(shown));
      }
  }
  return lines;
}

export const wrappedAll = (lines: readonly Line[], width: number): Line[] =>
  lines.flatMap((line) => wrapped(line, width));

/** First line of `room` lines of a list with the marked one about their middle. */
export const windowAround = (marked: number, room: number, length: number): number =>
  Math.max(0, Math.min(marked - Math.floor(room / 2), length - room));

/** Words with the blanks before them; one of more than `most` cells in parts. */
function wordsOf(text: string, most: number): string[] {
  return (text.match(/ *[^ ]+| +$/g) ?? []).flatMap((word) => {
    if (cellWidth(word) <= most) return [word];
    const parts = [''];
    let used = 0;
    for (const character of word) {
      const cells = cellWidth(character);
      if (used + cells > most) parts.push('');
      used = used + cells > most ? cells : used + cells;
      parts.push(`${parts.pop() ?? ''}${character}`);
    }
    return parts;
  });
}

/** The line with which a window of `room` lines begins that is to begin with `top`: it ends with the last one at the latest. */
export const firstIn = (top: number, room: number, length: number): number => Math.max(0, Math.min(top, length - room));

/** The lines from `top` on for which there is room, the last of them saying how many more there are and what shows them. */
export function windowed(lines: readonly Line[], top: number, room: number, hint: string): readonly Line[] {
  const first = firstIn(top, room, lines.length);
  const left = lines.length - first - room;
  if (left <= 0 || room < 2) return lines.slice(first, first + room);
  return [...lines.slice(first, first + room - 1), [[`… ${left + 1} more${hint === '' ? '' : `, ${hint}`}`, 'dim']]];
}

/** Percent of the time in which tasks waited, or were held up by a quota. */
export const waitStyle = (percent: number): Style =>
  percent >= MUCH_WAITED ? 'critical' : percent >= WAITED ? 'warning' : 'plain';

const WAITED = 10;
const MUCH_WAITED = 50;

/** Share of something that has a limit, in ctop's steps. */
export function shareStyle(percent: number): Style {
  if (!(percent >= 0)) return 'dim';
  return percent > 90 ? 'critical' : percent > 70 ? 'warning' : 'plain';
}
