/**
 * Lines of text in the cells of the screen. blessed reads a line only where another one is shown: of a box it would read all
 * lines, and most drawings change a few.
 */

import blessed from 'blessed';
import type { Area } from './area.ts';
import type { CellRow } from './blessed-cells.d.ts';
import { type Line, renderLine } from './style.ts';
import type { Theme } from './themes.ts';
import type { Block } from './view.ts';

export interface Painter {
  /** Puts the lines of the block in its area, over what is there. */
  paint(block: Block, theme: Theme): void;
  /** Empties all cells of the screen. */
  clear(): void;
}

/** More than any terminal has. */
const MOST_COLUMNS = 1 << 16;

const NO_PIECES: Line = [];

/** A line as blessed reads it. */
interface Read {
  readonly text: string;
  readonly attributes: Int32Array;
  readonly characters: readonly string[];
}

export function createPainter(screen: blessed.Widgets.Screen): Painter {
  const brush = blessed.box({ parent: screen, wrap: false });
  /** The text of each line, by the cell that the line begins in. */
  const shown = new Map<number, string>();
  /** How blessed read each line: one that moves, as in a table that scrolls, is not read again. */
  const known = new WeakMap<Line, Read>();

  function read(text: string, row: CellRow, area: Area): Read {
    place(brush, area);
    brush.content = text;
    brush.render();
    const cells = row.slice(area.left, area.left + area.width);
    return {
      text,
      attributes: Int32Array.from(cells, ([attributes]) => attributes),
      characters: cells.map(([, character]) => character),
    };
  }

  return {
    paint: ({ area, lines }, theme) => {
      const { left, width, height } = area;
      if (width <= 0) return;
      for (let index = 0; index < height; index++) {
        const top = area.top + index;
        const row = screen.lines[top];
        if (!row) return;
        const line = lines[index] ?? NO_PIECES;
        const text = renderLine(line, width, theme);
        const cell = top * MOST_COLUMNS + left;
        if (shown.get(cell) === text) continue;
        shown.set(cell, text);
        const last = known.get(line);
        if (last?.text === text) copy(last, row, left);
        else known.set(line, read(text, row, { top, left, width, height: 1 }));
      }
    },
    clear: () => {
      shown.clear();
      screen.clearRegion(0, Number(screen.width), 0, Number(screen.height));
    },
  };
}

function copy({ attributes, characters }: Read, row: CellRow, left: number): void {
  for (let index = 0; index < characters.length; index++) {
    const cell = row[left + index];
    const [attribute = 0, character = ' '] = [attributes[index], characters[index]];
    if (!cell || (cell[0] === attribute && cell[1] === character)) continue;
    cell[0] = attribute;
    cell[1] = character;
    row.dirty = true;
  }
}

/** The setters of an element would empty the cells where it was. */
export const place = (element: blessed.Widgets.BoxElement, area: Area): void =>
  void Object.assign(element.position, area);
