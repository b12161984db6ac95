/** kill -9 swept over every write of a change of five: the journal leads back each time. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Box, STATE_DIR, tscg, withBox } from '../../boxes.ts';

const CHILD = fileURLToPath(new URL('../crash-child.ts', import.meta.url));
const FILES = ['cpu.max', 'cpu.weight', 'memory.high', 'memory.max', 'pids.max'];

const textsOf = (box: Box) => FILES.map((file) => `${file}=${box.read(file)}`);

test('undo restores whatever a kill -9 left, before, between and after the writes', () =>
  withBox('/box', async (box) => {
    box.write('cpu.max', 'max 20000');
    box.write('memory.high', String(300 * 2 ** 20));
    const before = textsOf(box);
    let changed = 0;
    for (const point of ['before 0', 'after 1', 'after 2', 'after 3', 'after 4', 'after 5']) {
      const { signal, stderr } = spawnSync(
        process.execPath,
        ['--import', 'tsx', CHILD, ...point.split(' '), box.path],
        {
          encoding: 'utf8',
          env: { ...process.env, TSCG_STATE_DIR: STATE_DIR },
        },
      );
      assert.is(signal, 'SIGKILL', `${point}: ${stderr}`);
      const left = textsOf(box).filter((text, index) => text !== before[index]).length;
      assert.is(left, Number(point.split(' ')[1]), point);
      changed += left;
      const undone = tscg('undo');
      assert.is(undone.status, 0, `${point}: ${undone.stderr}`);
      assert.equal(textsOf(box), before, point);
    }
    assert.is(changed, 15);
  }));

test.run();
