/** A change of several rows: one that fails keeps no other from its turn, and the footer tells of all. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inTurn } from '../../src/dashboard/acting.ts';

const taken = (done: readonly string[]): string => `taken from ${done.join(', ')}`;

async function take(name: string): Promise<string> {
  if (name.startsWith('gone')) throw new Error(`${name} has ended`);
  return name;
}

test('a row that has ended keeps no other from its turn, and what was done is told beside why it failed', async () => {
  assert.is(await inTurn(['web', 'db'], take, taken), 'taken from web, db');
  const failed = await inTurn(['web', 'gone', 'db', 'gone too'], take, taken).catch((error: unknown) => error);
  assert.is(failed instanceof Error && failed.message, 'gone has ended; gone too has ended; taken from web, db');
});

test.run();
