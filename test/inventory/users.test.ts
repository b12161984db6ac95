/** Names of users as a container knows them, and what a container can make of its /etc/passwd. */

import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePasswd, throughUidMap } from '../../src/inventory/users.ts';
import { noHostileRoots, openedAmiss, traceOpens, withHostileRoots } from '../hostile-roots.ts';
import { skip } from '../skip.ts';

const test = suite('users');

test('the names by uid, those of a user namespace by the uids outside', () => {
  const names = parsePasswd('root:x:0:0:root:/root:/bin/sh\nbroken\napp:x:1000:1000::/:\nlater:x:1000:1::/:\n');
  assert.equal(
    [...names],
    [
      [0, 'root'],
      [1000, 'app'],
    ],
  );
  assert.equal(
    [...throughUidMap(names, '0 100000 1000\n1000 5 1\n')],
    [
      [100000, 'root'],
      [5, 'app'],
    ],
  );
});

/** Prints the name of uid 0 for each pid that it is given. */
const READER = `
  import { readUserNames } from ${JSON.stringify(fileURLToPath(new URL('../../src/inventory/users.ts', import.meta.url)))};
  import { createReadFiles } from ${JSON.stringify(fileURLToPath(new URL('../../src/kernel/read-files.ts', import.meta.url)))};
  for (const pid of process.argv.slice(1))
    console.log((await readUserNames('/proc', Number(pid), createReadFiles())).get(0));
`;

const reason = noHostileRoots();
for (const native of ['on', 'off']) {
  const name = `a container's /etc/passwd leads nowhere outside its root and holds nobody up, the addon ${native}`;
  if (reason !== undefined) {
    skip(test, name, reason);
    continue;
  }
  test(name, () =>
    withHostileRoots(async (hostile) => {
      const { status, stdout, stderr, trace } = await traceOpens(
        hostile.folder,
        [
          ...[process.execPath, '--import', 'tsx', '--input-type=module', '-e', READER, '--'],
          ...hostile.roots.map(({ pid }) => String(pid)),
        ],
        { ...process.env, TSCG_NATIVE: native },
      );
      assert.is(status, 0, status === null ? 'it hung' : stderr);
      const names = stdout.trim().split('\n');
      hostile.roots.forEach(({ kind, name: inside }, index) => {
        // Where its own tells nothing, this host's does.
        assert.is(names[index], inside ?? 'root', kind);
      });
      assert.equal(openedAmiss(trace, hostile), []);
      assert.ok(trace.includes('/etc/passwd>'), 'the trace shows the opens');
    }),
  );
}

test.run();
