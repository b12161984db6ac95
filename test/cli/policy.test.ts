/** tscg apply and snapshot as commands; what they do to limits is tested in the guest. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tscg } from '../boxes.ts';
import { temporaryFolder } from '../temporary-folder.ts';

function applied(text: string, ...args: string[]) {
  const folder = temporaryFolder();
  const file = join(folder, 'p.yaml');
  writeFileSync(file, text);
  const result = tscg('apply', file, ...args);
  return { ...result, stderr: result.stderr.replaceAll(folder, '') };
}

test('a policy with faults ends with 2 and a line for each, its place first', () => {
  const { status, stdout, stderr } = applied(
    'version: 1\nrules:\n  - match: { nam: web }\n    limits: { cpuu: 50%\u202e }\n',
  );
  assert.is(status, 2);
  assert.is(stdout, '');
  assert.equal(stderr.trim().split('\n'), [
    'tscg: /p.yaml:3:14: nam: is not a key here; did you mean name or namespace?',
    '/p.yaml:4:15: cpuu: is not a key here; did you mean cpu or cpus?',
  ]);
});

test('without a file, or with one that cannot be read: what to do', () => {
  for (const [args, message] of [
    [['apply'], /no policy file given; tscg snapshot writes one/],
    [['apply', '/no/such/file'], /cannot read the policy: ENOENT.*\/no\/such\/file/],
  ] as const) {
    const { status, stderr } = tscg(...args);
    assert.is(status, 2);
    assert.match(stderr, message);
    assert.is(stderr.trim().split('\n').length, 1);
  }
});

test('a rule that matches nothing is told, and nothing changes', () => {
  const text = 'version: 1\nrules:\n  - match: { name: no-such-thing }\n    limits: { cpu: 50% }\n';
  const { status, stdout, stderr } = applied(text, '--dry-run');
  assert.is(status, 0, stderr);
  assert.is(stdout, 'nothing to change\n');
  assert.match(stderr, /p\.yaml:3: this rule matches nothing that runs now/);
  assert.equal(JSON.parse(applied(text, '--json').stdout), { writes: [], unchanged: [], risks: [], applied: false });
});

test('the schema is JSON Schema; a snapshot is a policy', () => {
  const schema: unknown = JSON.parse(tscg('apply', '--schema').stdout);
  assert.ok(typeof schema === 'object' && schema !== null && '$schema' in schema && 'properties' in schema);
  const { status, stdout, stderr } = tscg('snapshot', '--all');
  assert.is(status, 0, stderr);
  assert.match(applied(stdout, '--dry-run').stdout, /^nothing to change$/m);
});

test.run();
