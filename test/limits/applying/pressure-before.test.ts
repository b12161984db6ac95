/** The pressure of the others before a change of --for, over the state directory and files in memory. */

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  forgetPressureBefore,
  keepPressureBefore,
  pressureSince,
} from '../../../src/limits/applying/revert/pressure-before.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { fakeFiles } from '../fake-files.ts';

const pressure = (avg60: number, total: number): string =>
  `some avg10=0.00 avg60=${avg60} avg300=0.00 total=${total}\n`;

const OTHERS = new Map([
  ['/web', 'web'],
  ['/db', 'db'],
]);

test('the greatest change is told by name, from the minute before to the time in force; once', () => {
  const directory = temporaryFolder();
  const before = fakeFiles({ '/web/cpu.pressure': pressure(62.5, 1000), '/db/cpu.pressure': pressure(0, 5) });
  keepPressureBefore(directory, 'a1', OTHERS, before);
  const after = fakeFiles({ '/web/cpu.pressure': pressure(0, 1000), '/db/cpu.pressure': pressure(0, 5) });
  assert.is(
    pressureSince(directory, 'a1', after),
    "others' pressure % in the minute before and meanwhile: web cpu 62.5→0.0",
  );
  forgetPressureBefore(directory, 'a1');
  assert.equal(readdirSync(directory), []);
  assert.is(pressureSince(directory, 'a1', after), '');
});

test('nobody had pressure; a file that is not ours says nothing and stops nothing', () => {
  const directory = temporaryFolder();
  const calm = fakeFiles({ '/web/cpu.pressure': pressure(0, 0) });
  keepPressureBefore(directory, 'b2', OTHERS, calm);
  assert.match(pressureSince(directory, 'b2', calm), /no other workload had pressure/);
  for (const text of ['', '{', '[]', '{"others":1,"stalls":[[1]]}']) {
    writeFileSync(join(directory, 'pressure-before-c3.json'), text);
    assert.type(pressureSince(directory, 'c3', calm), 'string');
  }
  keepPressureBefore('/nonexistent', 'd4', OTHERS, calm);
});

test.run();
