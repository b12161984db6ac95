/** What is written to the terminal for a picture. */

import { setImmediate } from 'node:timers/promises';
import xterm from '@xterm/headless';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openTerminal, type Terminal } from '../../src/dashboard/terminal.ts';
import { type Theme, themeOf } from '../../src/dashboard/themes.ts';
import type { View } from '../../src/dashboard/view.ts';
import { screenSvg } from '../terminal-svg.ts';
import { GOLDEN_SCREENS, goldenView } from './golden-screens.ts';

const [WIDTH, HEIGHT] = [120, 40];
const DARK = themeOf('dark', false);

/** `shown`: the whole picture that all that was written so far makes. */
interface Shown {
  readonly terminal: Terminal;
  /** The theme of the pictures from now on. */
  choose(theme: Theme): void;
  written(draw: () => void): Promise<string>;
  shown(): Promise<string>;
}

async function withTerminal(use: (shown: Shown) => Promise<void>): Promise<void> {
  const { write } = process.stdout;
  const ignore = (): void => {};
  const screen = new xterm.Terminal({ cols: WIDTH, rows: HEIGHT, allowProposedApi: true });
  let written = '';
  let chosen = DARK;
  Object.assign(process.stdout, { columns: WIDTH, rows: HEIGHT });
  process.stdout.write = (text: string | Uint8Array): boolean => {
    written += String(text);
    screen.write(text);
    return true;
  };
  const terminal = openTerminal({
    theme: () => chosen,
    mouse: false,
    ...{ onKey: ignore, onMouse: ignore, onResize: ignore, onHangUp: ignore },
  });
  try {
    await use({
      terminal,
      choose: (theme) => {
        chosen = theme;
      },
      written: async (draw) => {
        written = '';
        draw();
        await setImmediate();
        return written;
      },
      shown: async () => {
        await setImmediate();
        await new Promise<void>((resolve) => screen.write('', resolve));
        return screenSvg(screen.buffer.active, WIDTH, HEIGHT);
      },
    });
  } finally {
    terminal.close();
    await setImmediate();
    process.stdout.write = write;
  }
}

const viewOf = (text: string): View => ({
  header: { area: { top: 0, left: 0, width: 80, height: 1 }, lines: [[['tstop', 'title']]] },
  table: { area: { top: 1, left: 0, width: 80, height: 2 }, lines: [[[text]], [['below']]] },
  panes: [],
  charts: [],
  footer: { area: { top: 3, left: 0, width: 80, height: 1 }, lines: [[['q quit']]] },
});

test('a picture that changed nothing writes nothing, one that changed a line writes that line', () =>
  withTerminal(async ({ terminal, written }) => {
    assert.match(await written(() => terminal.draw(viewOf('web-1'))), /web-1.*below/s);
    assert.is(await written(() => terminal.draw(viewOf('web-1'))), '');
    const changed = await written(() => terminal.draw(viewOf('web-2')));
    assert.match(changed, /2/);
    assert.not.match(changed, /below|quit/);
    terminal.invalidate();
    assert.match(await written(() => terminal.draw(viewOf('web-2'))), /web-2.*below/s);
  }));

/** With a message of several lines, which lies over what is above it. */
function withMessage(view: View): View {
  const { area } = view.footer;
  const lines = ['one', 'two', '三'].map((text) => [[text, 'critical'] as const]);
  return { ...view, footer: { area: { ...area, top: area.top - 2, height: 3 }, lines } };
}

test('pictures one after the other look as each does on an empty screen', async () => {
  const views = Object.values(GOLDEN_SCREENS)
    .map((changes) => goldenView(changes, WIDTH, HEIGHT))
    .flatMap((view) => [view, withMessage(view)]);
  // The same lines in another theme, and without characters beyond ASCII.
  const themes = [DARK, themeOf('light', false), themeOf('dark', true)];
  const pictures = views.flatMap((view) => themes.map((theme) => ({ view, theme })));
  const whole = new Map<(typeof pictures)[number], string>();
  for (const picture of pictures)
    await withTerminal(async ({ terminal, choose, shown }) => {
      choose(picture.theme);
      terminal.draw(picture.view);
      whole.set(picture, await shown());
    });
  await withTerminal(async ({ terminal, choose, shown }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...pictures), { minLength: 2, maxLength: 12 }), async (sequence) => {
        for (const picture of sequence) {
          choose(picture.theme);
          terminal.draw(picture.view);
          assert.is(await shown(), whole.get(picture));
        }
      }),
      { numRuns: 30 },
    );
  });
});

test.run();
