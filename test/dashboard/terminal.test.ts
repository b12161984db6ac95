/** What is written to the terminal for a picture. */

import { setImmediate } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openTerminal } from '../../src/dashboard/terminal.ts';
import { themeOf } from '../../src/dashboard/themes.ts';
import type { View } from '../../src/dashboard/view.ts';

const viewOf = (text: string): View => ({
  header: { area: { top: 0, left: 0, width: 80, height: 1 }, lines: [[['tstop', 'title']]] },
  table: { area: { top: 1, left: 0, width: 80, height: 2 }, lines: [[[text]], [['below']]] },
  panes: [],
  charts: [],
  footer: { area: { top: 3, left: 0, width: 80, height: 1 }, lines: [[['q quit']]] },
});

test('a picture that changed nothing writes nothing, one that changed a line writes that line', async () => {
  const { write } = process.stdout;
  const ignore = (): void => {};
  let written = '';
  Object.assign(process.stdout, { columns: 80, rows: 24 });
  process.stdout.write = (text: string | Uint8Array): boolean => {
    written += String(text);
    return true;
  };
  const writes = async (draw: () => void): Promise<string> => {
    written = '';
    draw();
    await setImmediate();
    return written;
  };
  const terminal = openTerminal({
    theme: () => themeOf('dark', false),
    mouse: false,
    ...{ onKey: ignore, onMouse: ignore, onResize: ignore, onHangUp: ignore },
  });
  try {
    assert.match(await writes(() => terminal.draw(viewOf('web-1'))), /web-1.*below/s);
    assert.is(await writes(() => terminal.draw(viewOf('web-1'))), '');
    const changed = await writes(() => terminal.draw(viewOf('web-2')));
    assert.match(changed, /2/);
    assert.not.match(changed, /below|quit/);
    terminal.invalidate();
    assert.match(await writes(() => terminal.draw(viewOf('web-2'))), /web-2.*below/s);
  } finally {
    terminal.close();
    await setImmediate();
    process.stdout.write = write;
  }
});

test.run();
