/** The screen of a headless terminal as a picture: one text element for each run of cells that look alike. */

import type { IBuffer, IBufferCell } from '@xterm/headless';

const CELL_WIDTH = 7.2;
const CELL_HEIGHT = 15;
const FONT_SIZE = 12;
const MARGIN = 8;

const FOREGROUND = '#d7dae0';
const BACKGROUND = '#16181d';

/** The sixteen that a terminal lets its user choose. */
const BASIC = [
  ...['#16181d', '#e06c75', '#7fc77f', '#d9b45b', '#6fa8ea', '#c58fdc', '#4fc1c9', '#c8ccd4'],
  ...['#7d8590', '#ff7b85', '#98e698', '#ffd580', '#8fc1ff', '#dcaef0', '#7fe0e6', '#ffffff'],
];

interface Look {
  readonly color: string;
  readonly background: string;
  readonly bold: boolean;
}

interface Run extends Look {
  readonly column: number;
  readonly cells: number;
  readonly text: string;
}

/** Of the rows that are seen. */
export function screenSvg(buffer: IBuffer, columns: number, rows: number): string {
  const width = columns * CELL_WIDTH + 2 * MARGIN;
  const height = rows * CELL_HEIGHT + 2 * MARGIN;
  const runs = Array.from({ length: rows }, (_, row) => runsOf(buffer, row, columns));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    '<title>tstop</title>',
    `<style>text{font:${FONT_SIZE}px "DejaVu Sans Mono",Menlo,Consolas,monospace;white-space:pre}.b{font-weight:bold}</style>`,
    `<rect width="100%" height="100%" rx="6" fill="${BACKGROUND}"/>`,
    ...runs.flatMap((line, row) => line.flatMap((run) => runSvg(run, row))),
    '</svg>',
    '',
  ].join('\n');
}

function runSvg({ column, cells, text, color, background, bold }: Run, row: number): string[] {
  const [x, y] = [round(MARGIN + column * CELL_WIDTH), MARGIN + row * CELL_HEIGHT];
  const width = round(cells * CELL_WIDTH);
  const rect =
    background === BACKGROUND
      ? []
      : [`<rect x="${x}" y="${y}" width="${width}" height="${CELL_HEIGHT}" fill="${background}"/>`];
  if (text.trim() === '') return rect;
  // Its length is given, so that columns stand below each other in whatever font there is.
  return [
    ...rect,
    `<text x="${x}" y="${y + 12}" fill="${color}"${bold ? ' class="b"' : ''} textLength="${width}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">${escaped(text)}</text>`,
  ];
}

const round = (value: number): number => Math.round(value * 10) / 10;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Blanks at both ends belong to no run of text; signs beyond ASCII have their own, for another font may draw them. */
function runsOf(buffer: IBuffer, row: number, columns: number): Run[] {
  const line = buffer.getLine(buffer.baseY + row);
  const runs: Run[] = [];
  let previous = '';
  for (let column = 0; column < columns; column++) {
    const cell = line?.getCell(column);
    if (!cell || cell.getWidth() === 0) continue;
    const look = lookOf(cell);
    const text = cell.getChars() || ' ';
    const kind = `${look.color} ${look.background} ${look.bold} ${/^[\x20-\x7e]$/.test(text)}`;
    const last = runs.at(-1);
    const cells = cell.getWidth();
    if (last && kind === previous)
      runs[runs.length - 1] = { ...last, cells: last.cells + cells, text: last.text + text };
    else runs.push({ ...look, column, cells, text });
    previous = kind;
  }
  return runs.map(trimmed);
}

function trimmed(run: Run): Run {
  if (run.background !== BACKGROUND || run.text.trim() === '') return run;
  const text = run.text.trimEnd();
  const start = text.length - text.trimStart().length;
  return {
    ...run,
    column: run.column + start,
    cells: run.cells - start - (run.text.length - text.length),
    text: text.slice(start),
  };
}

function lookOf(cell: IBufferCell): Look {
  const color = cell.isFgDefault() ? FOREGROUND : colorOf(cell.getFgColor(), Boolean(cell.isFgRGB()));
  const background = cell.isBgDefault() ? BACKGROUND : colorOf(cell.getBgColor(), Boolean(cell.isBgRGB()));
  const bold = cell.isBold() !== 0;
  return cell.isInverse() ? { color: background, background: color, bold } : { color, background, bold };
}

/** xterm's palette of 256: sixteen, a cube of 6 × 6 × 6, and greys. */
function colorOf(color: number, isRgb: boolean): string {
  const hex = (...parts: readonly number[]): string =>
    `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
  if (isRgb) return hex((color >> 16) & 255, (color >> 8) & 255, color & 255);
  if (color < 16) return BASIC[color] ?? FOREGROUND;
  if (color >= 232) return hex(...Array<number>(3).fill(8 + (color - 232) * 10));
  const level = (step: number): number => (step === 0 ? 0 : 55 + step * 40);
  const cube = color - 16;
  return hex(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}
