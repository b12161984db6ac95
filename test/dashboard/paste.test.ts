/** Text that is pasted: told apart from keys, and what a field takes of it. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { edited, type Typed } from '../../src/dashboard/modal.ts';
import { createKeyboard } from '../../src/dashboard/paste.ts';

/** What is told of those sequences, where each other text is a key of that name. */
function told(...sent: readonly string[]): Typed[] {
  const keys: Typed[] = [];
  const keyboard = createKeyboard((key) => keys.push(key));
  for (const text of sent) {
    keyboard.sequence(text);
    if (!text.startsWith('\x1b')) keyboard.key({ full: text, ...(text.length === 1 ? { character: text } : {}) });
  }
  return keys;
}

test('what is between the marks is one text, before and after them are keys', () => {
  assert.equal(told('a', '\x1b[200~', 'K', 'return', 'y', '\x1b[201~', 'b'), [
    { full: 'a', character: 'a' },
    { full: 'paste', character: 'K\ny' },
    { full: 'b', character: 'b' },
  ]);
  assert.equal(told('\x1b[201~', 'a'), [{ full: 'a', character: 'a' }]);
});

test('Ctrl-C is a key where the end of a paste was lost', () => {
  assert.equal(told('\x1b[200~', 'x', 'C-c'), [{ full: 'C-c' }]);
});

test('a field takes the first line, without control characters, and no book', () => {
  const pasted = (character: string): string | undefined => edited('5', { full: 'paste', character });
  assert.is(pasted('0%\nrm -rf /'), '50%');
  assert.is(pasted('\x1b[31m0\u202e'), '5[31m0');
  assert.is(pasted('0'.repeat(5000))?.length, 1001);
  assert.is(pasted(''), '5');
});

test.run();
