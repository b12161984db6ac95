/** A policy file under watch: what it says now, and what is told of a fault. */

import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { watchPolicyFile } from '../../src/cli/policy-file.ts';
import { contextOf, fakeFiles } from '../limits/fake-files.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const { machine } = contextOf(fakeFiles({}));
const policy = (...limits: string[]): string =>
  `version: 1\nrules:\n${limits.map((limit) => `  - match: { name: web }\n    limits: { ${limit} }\n`).join('')}`;

test('another policy is in force once it has no fault; a fault has its place, and a file that is gone is told', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'p.yaml');
  writeFileSync(file, policy('cpu: 50%'));
  let next: (text: string) => void = () => {};
  const watched = watchPolicyFile(file, machine, (text) => next(text));
  /** What is told of the file, or `changed`. */
  const after = (act: () => void): Promise<string> => {
    const told = new Promise<string>((resolve) => {
      next = resolve;
    });
    act();
    return told;
  };
  watched.onChange(() => next('changed'));
  const rules = (): number => watched.now().rules.length;
  try {
    assert.is(rules(), 1);
    assert.is(await after(() => writeFileSync(file, policy('cpu: 50%', 'pids: 9'))), 'changed');
    assert.is(rules(), 2);
    const fault = await after(() => writeFileSync(file, policy('cpuu: 50%')));
    assert.match(
      fault,
      /p\.yaml:4:15: cpuu: is not a key here; did you mean cpu or cpus\?\n.*stays in force as it was$/,
    );
    assert.is(rules(), 2);
    assert.match(await after(() => rmSync(file)), /cannot read the policy: ENOENT.*\n.*stays in force/);
    assert.is(rules(), 2);
    const renamed = await after(() => {
      writeFileSync(`${file}~`, policy('cpu: 1%', 'pids: 9', 'memory: 1G'));
      renameSync(`${file}~`, file);
    });
    assert.equal([renamed, rules()], ['changed', 3]);
  } finally {
    watched.close();
  }
});

test('a policy behind a link, as Kubernetes mounts a ConfigMap, is read again when that is swapped', async () => {
  const folder = temporaryFolder();
  for (const [name, text] of [
    ['one', policy('cpu: 50%')],
    ['two', policy('cpu: 50%', 'pids: 9')],
  ] as const) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'p.yaml'), text);
  }
  symlinkSync('one', join(folder, '..data'));
  symlinkSync('..data/p.yaml', join(folder, 'p.yaml'));
  const watched = watchPolicyFile(join(folder, 'p.yaml'), machine);
  try {
    const changed = new Promise<void>((resolve) => watched.onChange(resolve));
    symlinkSync('two', join(folder, '..next'));
    renameSync(join(folder, '..next'), join(folder, '..data'));
    await changed;
    assert.is(watched.now().rules.length, 2);
  } finally {
    watched.close();
  }
});

test.run();
