/**
 * The picture of the screen `neighbours` in the README, from a real run in the guest:
 *
 *     node test/guest/run.mjs --timeout 600 --rw test/screenshots -- node --import tsx test/guest/neighbours-screenshot.ts
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BUSY, withBox } from '../boxes.ts';
import { openTstop } from '../terminal.ts';

const FILE = fileURLToPath(new URL('../screenshots/neighbours.svg', import.meta.url));
/** Works a part of the time, as a server does. */
const SERVER = 'while :; do i=0; while [ $i -lt 1500 ]; do i=$((i+1)); done; sleep 0.05; done';
const PATIENCE_MS = 200_000;

await withBox('/web', (web) =>
  withBox('/batch', async (batch) => {
    for (const box of [web, batch]) box.write('cpuset.cpus', '0');
    await web.run(SERVER);
    await batch.run(`(${BUSY}) & (${BUSY}) & ${BUSY}`);
    const terminal = openTstop(150, 40, ['-d', '2', '--theme', 'dark'], { NO_COLOR: '', FORCE_COLOR: '1' });
    try {
      await terminal.until((text) => /web +\S.* \d/.test(text), 'the first rates', PATIENCE_MS);
      terminal.type('/web\rW');
      await terminal.until((text) => text.includes('remedy'), 'a finding', PATIENCE_MS);
      writeFileSync(FILE, terminal.svg());
      console.log(terminal.screen().join('\n'));
    } finally {
      terminal.kill();
    }
  }),
);
