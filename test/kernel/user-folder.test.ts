/** Folders of a user: what the environment gives, and what it does not. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { configDirectory } from '../../src/dashboard/settings.ts';
import { userFolder } from '../../src/kernel/user-folder.ts';
import { stateDirectory } from '../../src/limits/applying/journal.ts';

const listed = (): string => '/home/ann';
const notListed = (): string => {
  throw new Error('ENOENT');
};

test('what the environment gives is taken where it is an absolute path', () => {
  const folder = (given: string | undefined, HOME?: string, home = listed): string =>
    userFolder(given, '.config', { ...(HOME === undefined ? {} : { HOME }) }, home);
  assert.is(folder('/etc/xdg', '/root'), '/etc/xdg');
  for (const given of ['xdg', '', undefined]) assert.is(folder(given, '/root'), '/root/.config');
  for (const home of ['here', '', undefined]) assert.is(folder(undefined, home), '/home/ann/.config');
  assert.is(folder(undefined, undefined, notListed), '/.config');
  assert.is(
    folder(undefined, undefined, () => ''),
    '/.config',
  );
});

test('the folders of journal and settings do not depend on the folder that we are in', () => {
  assert.is(stateDirectory({ TSCG_STATE_DIR: 'state' }), `${process.cwd()}/state`);
  assert.is(stateDirectory({ HOME: '/home/ann', XDG_STATE_HOME: 'state' }, 1000), '/home/ann/.local/state/tscg');
  assert.is(configDirectory({ HOME: '/home/ann', XDG_CONFIG_HOME: 'config' }), '/home/ann/.config/tscg');
});

test.run();
