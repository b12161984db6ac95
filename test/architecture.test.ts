/** DESIGN.md's house: data flows one way, and a file imports only from its own folder and those above it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const SRC = fileURLToPath(new URL('../src', import.meta.url));
const ORDER = [
  'text',
  'kernel',
  'inventory',
  'metrics',
  'limits',
  'diagnosis',
  'recording',
  'export',
  'dashboard',
  'cli',
];

const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

const importsOf = (file: string): string[] =>
  [...readFileSync(join(SRC, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
    (match) => match[1] ?? '',
  );

const folderOf = (file: string): string => file.split('/')[0] ?? '';

test('the house has only the rooms of the design', () => {
  const rooms = new Set(sources.filter((file) => file.includes('/')).map(folderOf));
  assert.equal(
    [...rooms].filter((room) => !ORDER.includes(room)),
    [],
  );
});

test('imports point up the page', () => {
  const wrong = sources
    .filter((file) => file.includes('/'))
    .flatMap((file) =>
      importsOf(file)
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(SRC, resolve(SRC, file, '..', target)))
        .filter((target) => ORDER.indexOf(folderOf(target)) > ORDER.indexOf(folderOf(file)))
        .map((target) => `${file} imports ${target}`),
    );
  assert.equal(wrong, []);
});

test('blessed stays in the files that draw', () => {
  const users = sources.filter((file) => importsOf(file).some((target) => target.startsWith('blessed')));
  assert.equal(
    users.filter((file) => !file.startsWith('dashboard/')),
    [],
  );
});

test.run();
