/** tstop shows the recording of the README's pictures. */

import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openRecording } from '../../src/recording/recording.ts';
import { localTime } from '../../src/text/local-time.ts';
import { openTstop } from '../terminal.ts';

const RECORDING = fileURLToPath(new URL('../screenshots/recording', import.meta.url));
const BEFORE_END_MS = 2000;

test('a replay tells what it costs itself, and where the recording ends', async () => {
  const recording = openRecording(RECORDING);
  const end = recording.timeOf(recording.last());
  recording.close();
  const terminal = openTstop(170, 40, ['--replay', RECORDING, '--at', localTime(end - BEFORE_END_MS)]);
  try {
    await terminal.until((text) => text.includes('the recording ends here'), 'the end');
    const text = terminal.screen().join('\n');
    assert.ok(text.includes(`recorded ${localTime(end)} on guest`), text);
    assert.match(text, / tstop \d+\.\d% \d\S*MiB {2}recorder \d/);
  } finally {
    terminal.kill();
  }
});

test.run();
