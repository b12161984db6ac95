/** What the others felt of a change of --for, over the state directory and files in memory. */
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { forgetPressure, keepPressure, tellPressure } from '../../../src/limits/applying/revert/felt.ts';
import { inDirectory } from '../../in-directory.ts';
import { fakeFiles } from '../fake-files.ts';

const pressure = (avg60: number, total: number): string =>
  `some avg10=0.00 avg60=${avg60} avg300=0.00 total=${total}\n`;

const OTHERS = new Map([
  ['/web', 'web'],
  ['/db', 'db'],
]);

test('who felt it most is told by name, from the minute before to the time in force; once', () =>
  inDirectory((directory) => {
    const before = fakeFiles({ '/web/cpu.pressure': pressure(62.5, 1000), '/db/cpu.pressure': pressure(0, 5) });
    keepPressure(directory, 'a1', OTHERS, before);
    const after = fakeFiles({ '/web/cpu.pressure': pressure(0, 1000), '/db/cpu.pressure': pressure(0, 5) });
    assert.is(
      tellPressure(directory, 'a1', after),
      "others' pressure % in the minute before and meanwhile: web cpu 62.5→0.0",
    );
    forgetPressure(directory, 'a1');
    assert.equal(readdirSync(directory), []);
    assert.is(tellPressure(directory, 'a1', after), '');
  }));

test('nobody felt anything; a file that is not ours says nothing and stops nothing', () =>
  inDirectory((directory) => {
    const calm = fakeFiles({ '/web/cpu.pressure': pressure(0, 0) });
    keepPressure(directory, 'b2', OTHERS, calm);
    assert.match(tellPressure(directory, 'b2', calm), /no other workload felt pressure/);
    for (const text of ['', '{', '[]', '{"others":1,"stalls":[[1]]}']) {
      writeFileSync(join(directory, 'felt-c3.json'), text);
      assert.type(tellPressure(directory, 'c3', calm), 'string');
    }
    keepPressure('/nonexistent', 'd4', OTHERS, calm);
  }));

test.run();
