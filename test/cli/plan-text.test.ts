/** A Plan as text. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { riskText } from '../../src/cli/plan-text.ts';

test('a risk: refused with what to do instead; with --force it is done, and only the risk is told', () => {
  const risk = { level: 'refuse', text: 'web uses 30 MiB', remedy: 'stop it' } as const;
  assert.is(riskText(risk), 'refused: web uses 30 MiB; stop it, or add --force');
  assert.is(
    riskText({ level: 'refuse', text: 'pid 1 runs there' }),
    'refused: pid 1 runs there; add --force to do it all the same',
  );
  assert.is(riskText(risk, true), 'forced: web uses 30 MiB');
  assert.is(riskText({ ...risk, level: 'warn' }, true), 'warning: web uses 30 MiB; stop it');
});

test.run();
