/** When the session is drawn: at once after what the user does, later after a Frame, so that a key is not behind two drawings. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createProgram } from '../../src/dashboard/program.ts';
import { openSession } from '../../src/dashboard/session.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import type { View } from '../../src/dashboard/view.ts';
import { frameOf } from './frames.ts';
import { DASHBOARDS, plainText, sceneOf } from './scenes.ts';

const FRAME = frameOf([{ name: 'web', cpu: 50 }, { name: 'db' }]);
const FRAME_EVENT = { type: 'frame', frame: FRAME, news: [], recentOomKills: [] } as const;
const KEY = { type: 'key', key: { full: 'down' } } as const;

function start() {
  const surroundings = { dashboards: DASHBOARDS, isReadOnly: true, isLive: true };
  const drawn: View[] = [];
  const program = createProgram({
    session: openSession(INITIAL, { width: 100, height: 20 }, surroundings),
    surroundings,
    sceneOf: ({ frame, state }) => sceneOf(frame ?? frameOf([]), state),
    show: (view) => void drawn.push(view),
    perform: () => {},
  });
  const table = (): string => (drawn.at(-1)?.table.lines ?? []).map(plainText).join('\n');
  return { program, drawn, table };
}

test('what was taken is drawn once, when that is asked for', () => {
  const { program, drawn, table } = start();
  program.take(FRAME_EVENT);
  assert.is(program.session().frame, FRAME);
  assert.is(drawn.length, 0);
  program.drawOwed();
  assert.is(drawn.length, 1);
  assert.match(table(), 'web');
  program.drawOwed();
  assert.is(drawn.length, 1);
});

test('a key that comes before that draws both, and nothing is owed any more', () => {
  const { program, drawn, table } = start();
  program.take(FRAME_EVENT);
  program.dispatch(KEY);
  assert.is(drawn.length, 1);
  assert.match(table(), 'web');
  program.drawOwed();
  assert.is(drawn.length, 1);
});

test('nothing is drawn once it is closed', () => {
  const { program, drawn } = start();
  program.take(FRAME_EVENT);
  program.close();
  program.drawOwed();
  assert.is(drawn.length, 0);
});

test.run();
