/** The release script refuses what is not to be released; the units say what they may do. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { at } from '../../src/inventory/names/json.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const PACKAGING = fileURLToPath(new URL('../../packaging', import.meta.url));

/** The script in a repository of its own. */
function release(prepare: (root: string) => void, version: string) {
  const root = temporaryFolder();
  mkdirSync(join(root, 'packaging'));
  cpSync(join(PACKAGING, 'release.mjs'), join(root, 'packaging/release.mjs'));
  writeFileSync(join(root, 'CHANGELOG.md'), '# Changelog\n\n## Unreleased\n\n## 0.1.0\n');
  const git = (...words: string[]) =>
    spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@localhost', ...words], { cwd: root });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'all');
  prepare(root);
  return spawnSync(process.execPath, ['packaging/release.mjs', version], { cwd: root, encoding: 'utf8' });
}

test('a release is refused from a dirty tree, without a version, and with an empty changelog', () => {
  const dirty = release((root) => writeFileSync(join(root, 'new'), ''), '1.0.0');
  assert.is(dirty.status, 1);
  assert.match(dirty.stderr, /the tree is dirty; commit or remove first:\n\?\? new/);
  const unnamed = release(() => undefined, 'soon');
  assert.is(unnamed.status, 1);
  assert.match(unnamed.stderr, /"soon" is no version/);
  const empty = release(() => undefined, '1.0.0');
  assert.is(empty.status, 1);
  assert.match(empty.stderr, /nothing under Unreleased/);
});

test('every unit has bounds and may do no more than it needs', () => {
  const units = readdirSync(join(PACKAGING, 'systemd')).filter((name) => name.endsWith('.service'));
  assert.ok(units.length > 0);
  for (const unit of units) {
    const text = readFileSync(join(PACKAGING, 'systemd', unit), 'utf8');
    for (const line of [
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'RestrictNamespaces=yes',
      'SystemCallFilter=@system-service',
    ])
      assert.match(text, `${line}\n`, unit);
    for (const key of ['CapabilityBoundingSet', 'MemoryMax', 'TasksMax', 'ExecStart', 'WantedBy'])
      assert.match(text, new RegExp(`^${key}=`, 'm'), `${unit} has no ${key}`);
  }
});

test('every container of the DaemonSet is read-only and has bounds', () => {
  const text = readFileSync(join(PACKAGING, 'kubernetes/tscg.yaml'), 'utf8');
  const documents = parseAllDocuments(text).map((document): unknown => document.toJS());
  const daemonSet = documents.find((document) => at(document, 'kind') === 'DaemonSet');
  const containers = at(daemonSet, 'spec', 'template', 'spec', 'containers');
  assert.ok(Array.isArray(containers) && containers.length === 2);
  for (const container of containers) {
    const security = at(container, 'securityContext');
    assert.is(at(security, 'readOnlyRootFilesystem'), true);
    assert.is(at(security, 'allowPrivilegeEscalation'), false);
    assert.equal(at(security, 'capabilities'), { drop: ['ALL'], add: ['DAC_READ_SEARCH', 'SYS_PTRACE'] });
    assert.ok(at(container, 'resources', 'limits'));
    assert.equal(at(container, 'env'), [
      { name: 'TSCG_HOST', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ]);
  }
});

test.run();
