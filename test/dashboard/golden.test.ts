/** Whole screens as text, at three sizes; `UPDATE=1 node --import tsx test/dashboard/golden.test.ts` writes them anew. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { renderLine } from '../../src/dashboard/style.ts';
import { themeOf } from '../../src/dashboard/themes.ts';
import type { Block, View } from '../../src/dashboard/view.ts';
import { cellWidth } from '../../src/text/cells.ts';
import { GOLDEN_SCREENS, GOLDEN_SIZES, goldenView } from './golden-screens.ts';

const FOLDER = fileURLToPath(new URL('golden/', import.meta.url));

/** Charts and the spark line are blessed-contrib's: their title alone is text. */
function textOf(view: View, width: number, height: number): string {
  const lines = Array.from({ length: height }, () => Array.from({ length: width }, () => ' '));
  const paint = ({ area, lines: content }: Block): void => {
    for (let line = 0; line < area.height; line++) {
      const text = renderLine(content[line] ?? [], area.width, themeOf('monochrome', false)).replaceAll(
        /\x1b\[\d*m/g,
        '',
      );
      let x = area.left;
      for (const character of text) {
        const row = lines[area.top + line];
        if (row) row[x] = character;
        // The second half of a wide character is no cell of its own.
        if (row && cellWidth(character) === 2) row[x + 1] = '';
        x += cellWidth(character);
      }
    }
  };
  for (const pane of [view.header, view.table, ...view.panes, view.footer]) paint(pane);
  for (const { area, title } of view.charts) paint({ area: { ...area, height: 1 }, lines: [title] });
  if (view.overlay) paint({ area: { top: 0, left: 0, width, height: height - 1 }, lines: view.overlay });
  return `${lines.map((row) => row.join('').trimEnd()).join('\n')}\n`;
}

for (const [width, height] of GOLDEN_SIZES) {
  for (const [name, changes] of Object.entries(GOLDEN_SCREENS)) {
    test(`${name} at ${width}x${height}`, () => {
      const view = goldenView(changes, width, height);
      const text = textOf(view, width, height).replaceAll(/\d\d:\d\d:\d\d/g, 'hh:mm:ss');
      const file = join(FOLDER, `${name}-${width}x${height}.txt`);
      if (process.env.UPDATE) {
        mkdirSync(FOLDER, { recursive: true });
        writeFileSync(file, text);
      }
      assert.fixture(text, readFileSync(file, 'utf8'));
    });
  }
}

test.run();
