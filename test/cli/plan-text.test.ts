import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { riskText } from '../../src/cli/plan-text.ts';

test('a risk: refused with what to do instead; with --force it is done, and only the risk is told', () => {
  const risk = { level: 'refuse', text: 'web uses 30 MiB', remedy: 'or add --force' } as const;
  assert.is(riskText(risk), 'refused: web uses 30 MiB; or add --force');
  assert.is(riskText(risk, true), 'forced: web uses 30 MiB');
  assert.is(riskText({ ...risk, level: 'warn' }, true), 'warning: web uses 30 MiB; or add --force');
});

test.run();
