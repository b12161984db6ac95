/** A remedy as a command, which somebody copies into a shell. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { remedyCommand } from '../../src/diagnosis/remedy.ts';

const commandFor = (name: string): string | undefined =>
  remedyCommand({ path: '/a.slice/x', name, limits: { '--io-max': '/dev/sda rbps=1' }, words: 'less' });

test('a name that means something else is given as a path', () => {
  assert.is(commandFor('web'), "tscg set web --io-max '/dev/sda rbps=1'");
  assert.is(commandFor('a b; reboot'), "tscg set 'a b; reboot' --io-max '/dev/sda rbps=1'");
  for (const name of ['self', 'pid:1', '--force', '-f', ''])
    assert.is(commandFor(name), "tscg set /a.slice/x --io-max '/dev/sda rbps=1'", name);
});

test.run();
