/** Whose hands a file that decides what root writes, or that root writes, is in. */

import { chmodSync, chownSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadDashboards } from '../../src/dashboard/dashboards.ts';
import { loadSettings, saveSetting } from '../../src/dashboard/settings.ts';
import { foreignHand } from '../../src/kernel/foreign-hand.ts';
import { JournalError, openJournal } from '../../src/limits/applying/journal.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const test = suite('foreign-hand');
const THEIRS = 4242;

const asRoot = (name: string, run: (top: string) => void): void =>
  process.geteuid?.() === 0
    ? test(name, () => run(temporaryFolder()))
    : skip(test, name, "needs root, to make a file another user's");

test('what is ours and root’s alone is nobody else’s, also below /tmp', () => {
  const top = temporaryFolder();
  assert.is(foreignHand('/etc/hostname'), undefined);
  assert.is(foreignHand(join(top, 'not/there/yet')), undefined);
});

test('what everybody may write', () => {
  const top = temporaryFolder();
  mkdirSync(join(top, 'open'));
  chmodSync(join(top, 'open'), 0o777);
  const found = { path: join(top, 'open'), how: 'may be written by everybody' };
  assert.equal(foreignHand(join(top, 'open/file')), found);
  chmodSync(join(top, 'open'), 0o1777);
  assert.is(foreignHand(join(top, 'open/file')), undefined);
  writeFileSync(join(top, 'open/file'), '');
  chmodSync(join(top, 'open/file'), 0o666);
  assert.equal(foreignHand(join(top, 'open/file'))?.path, join(top, 'open/file'));
});

asRoot('a file, a folder and a link of another user, also behind a link', (top) => {
  mkdirSync(join(top, 'a/b'), { recursive: true });
  writeFileSync(join(top, 'a/b/f'), '');
  symlinkSync(join(top, 'a/b'), join(top, 'l'));
  assert.is(foreignHand(join(top, 'l/f')), undefined);
  const how = `belongs to uid ${THEIRS}`;
  lchownSync(join(top, 'l'), THEIRS, THEIRS);
  assert.equal(foreignHand(join(top, 'l/f')), { path: join(top, 'l'), how });
  lchownSync(join(top, 'l'), 0, 0);
  chownSync(join(top, 'a'), THEIRS, THEIRS);
  assert.equal(foreignHand(join(top, 'l/f')), { path: join(top, 'a'), how });
  chownSync(join(top, 'a'), 0, 0);
  chownSync(join(top, 'a/b/f'), THEIRS, THEIRS);
  assert.equal(foreignHand(join(top, 'l/f'))?.how, how);
});

asRoot('root neither writes nor believes a journal that another user can change', (top) => {
  const journal = openJournal(top);
  const change = { id: '0123abcd', time: 1, boot: 'b', uid: 0, command: ['tscg'], mount: '/m', writes: [] };
  journal.begin(change);
  assert.is(journal.read().changes.length, 1);
  chownSync(join(top, 'journal.jsonl'), THEIRS, THEIRS);
  const refused = (error: unknown): boolean =>
    error instanceof JournalError && error.message.includes(`belongs to uid ${THEIRS}`);
  assert.throws(() => journal.read(), refused);
  assert.throws(() => journal.begin(change), refused);
  chownSync(join(top, 'journal.jsonl'), 0, 0);
  chownSync(top, THEIRS, THEIRS);
  assert.throws(() => journal.read(), refused);
});

asRoot('root with the HOME of a user reads the settings there, and writes none', (top) => {
  writeFileSync(join(top, 'config.yaml'), 'tstop: { theme: monochrome }\n');
  chownSync(top, THEIRS, THEIRS);
  assert.equal(loadSettings(top), { settings: { theme: 'monochrome' }, faults: [] });
  assert.throws(() => saveSetting(top, 'theme', 'dark'), /belongs to uid 4242: .*HOME=.* tstop/);
  assert.equal(loadSettings(top).settings, { theme: 'monochrome' });
});

test('settings and dashboards that are no regular file are a fault, and hold nothing up', () => {
  const top = temporaryFolder();
  symlinkSync('/dev/zero', join(top, 'config.yaml'));
  assert.equal(loadSettings(top), {
    settings: {},
    faults: [`${join(top, 'config.yaml')}: it is a device, not a regular file`],
  });
  symlinkSync('/dev/zero', join(top, 'screen.yaml'));
  assert.equal(
    loadDashboards([top]).faults.find((fault) => fault.includes('screen')),
    `${join(top, 'screen.yaml')}: it is a device, not a regular file`,
  );
});

test.run();
