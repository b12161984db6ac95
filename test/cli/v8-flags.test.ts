/** The V8 of this Node knows each flag that it is given: of one that it does not know it prints a line. */

import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { V8_FLAGS } from '../../src/cli/v8-flags.ts';

for (const [name, flags] of Object.entries(V8_FLAGS)) {
  test(name, () => {
    const script = `require('node:v8').setFlagsFromString(${JSON.stringify(flags)})`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    assert.equal([status, stdout, stderr], [0, '', '']);
  });
}

test.run();
