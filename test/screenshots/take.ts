/**
 * The README's pictures: replays of the recording that test/guest/recording.ts makes.
 *
 *     npm run build && node --import tsx test/screenshots/take.ts
 */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openRecording } from '../../src/recording/recording.ts';
import { localTime } from '../../src/text/local-time.ts';
import { openTstop, type Terminal } from '../terminal.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const RECORDING = `${FOLDER}recording`;

/** For seconds that replay until the picture is taken. */
const BEFORE_END_MS = 40_000;
/** CPU of a tstop that has come to rest, in percent: what it took to start and to go to another time is over. */
const AT_REST = 25;

async function take(
  name: string,
  [columns, rows]: readonly [columns: number, rows: number],
  args: readonly string[],
  show: (terminal: Terminal) => Promise<unknown>,
): Promise<void> {
  const replay = ['--replay', RECORDING, '--theme', 'dark', ...args];
  const terminal = openTstop(columns, rows, replay, { NO_COLOR: '', FORCE_COLOR: '1' });
  try {
    await terminal.until((text) => /^ +api /m.test(text), 'the first Frame');
    await show(terminal);
    await terminal.until((text) => Number(/ tstop (\S+)%/.exec(text)?.[1]) < AT_REST, 'a tstop at rest');
    await whole(terminal);
    writeFileSync(`${FOLDER}${name}.svg`, terminal.svg());
    console.log(terminal.screen().join('\n'));
  } finally {
    terminal.kill();
  }
}

/** Between two frames: half of one is no picture. */
async function whole(terminal: Terminal): Promise<void> {
  for (let before = -1; before !== terminal.raw().length; ) {
    before = terminal.raw().length;
    await sleep(300);
  }
}

const selected =
  (name: string) =>
  (text: string): boolean =>
    new RegExp(`${name} {2}\\d+ process`).test(text);

function nearEnd(): string {
  const recording = openRecording(RECORDING);
  const time = recording.timeOf(recording.last()) - BEFORE_END_MS;
  recording.close();
  return localTime(time);
}

await take('overview', [170, 40], ['--at', nearEnd()], async (terminal) => {
  terminal.type('/noisy\r');
  await terminal.until(selected('noisy'), 'the selected row');
});
await take('container', [180, 62], ['--at', nearEnd()], async (terminal) => {
  terminal.type('/web\r2');
  await terminal.until((text) => selected('web')(text) && /[⠁-⣿]/.test(text), 'its charts');
});

const heldAt = (text: string): string | undefined => /held (\S+)/.exec(text)?.[1];
await take('neighbours', [150, 40], [], async (terminal) => {
  terminal.type('/api\rW');
  for (let before: string | undefined; ; ) {
    terminal.type('D');
    const text = await terminal.until((shown) => ![undefined, before].includes(heldAt(shown)), 'a finding');
    if (/behind noisy/.test(text) && text.includes('remedy')) break;
    before = heldAt(text);
  }
  // Goes on from there.
  terminal.type('Z');
});
