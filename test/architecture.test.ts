/**
 * The rules of ARCHITECTURE.md that a tool can check. `npm run check` runs this file too; biome checks import circles and
 * the length of functions.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The rooms of src/: a file imports only from its own and from those before it. */
const ORDER = 'text kernel inventory metrics limits diagnosis recording export fleet dashboard cli'.split(' ');

/** The floor of limits has an order of its own, by which the same holds. */
const ORDER_OF_LIMITS = ['model.ts', 'catalogue', 'owners', 'planning', 'policy', 'applying', 'actions', 'launch'];

/** One word, one meaning. The few names that are exported twice, and why. */
const EXPORTED_TWICE: Readonly<Record<string, string>> = {};

const MOST_LINES = 400;
/** Files that are longer, and why. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'test/kernel/collector.test.ts': 'one contract, held against both collectors',
  'test/kernel/native.test.ts': "one contract: the addon's",
  'test/limits/planning/plan.test.ts': 'one table of plans',
  'test/guest/systemd/owners.test.ts': "one boot's story",
};

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs)$/.test(file))
    .map((file) => join(folder, file));

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

const sources = filesIn('src').map((file) => ({ file, text: read(file) }));

const EVERY_FILE = [...['src', 'test', 'packaging', 'docs'].flatMap(filesIn), 'build.mjs'];

/** Relative ones, as paths beneath ROOT, and packages. */
const importsOf = ({ file, text }: { readonly file: string; readonly text: string }): string[] =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)]
    .map((match) => match[1] ?? '')
    .map((target) => (target.startsWith('.') ? relative(ROOT, resolve(ROOT, file, '..', target)) : target));

/** The folder below src/; undefined for src/index.ts, which stands above all. */
const roomOf = (file: string): string | undefined => /^src\/([^/]+)\//.exec(file)?.[1];

test('src/ has only the rooms of the design', () => {
  const rooms = new Set(sources.flatMap(({ file }) => roomOf(file) ?? []));
  assert.equal(
    [...rooms].filter((room) => !ORDER.includes(room)),
    [],
  );
});

test('imports point up the page', () => {
  const rank = (file: string): number => ORDER.indexOf(roomOf(file) ?? '');
  const wrong = sources
    .filter(({ file }) => roomOf(file) !== undefined)
    .flatMap((source) =>
      importsOf(source)
        .filter((target) => target.startsWith('src/') && (rank(target) < 0 || rank(target) > rank(source.file)))
        .map((target) => `${source.file} imports ${target}`),
    );
  assert.equal(wrong, []);
});

test('imports of limits point up the page', () => {
  const partOf = (file: string): string => /^src\/limits\/([^/]+)/.exec(file)?.[1] ?? '';
  const rank = (file: string): number => ORDER_OF_LIMITS.indexOf(partOf(file));
  const wrong = sources
    .filter(({ file }) => partOf(file) !== '')
    .flatMap((source) =>
      importsOf(source)
        .filter((target) => partOf(target) !== '' && (rank(target) < 0 || rank(target) > rank(source.file)))
        .map((target) => `${source.file} imports ${target}`),
    );
  assert.equal(wrong, []);
});

test('blessed stays in the files that draw', () => {
  const users = sources.filter((source) => importsOf(source).some((target) => target.startsWith('blessed')));
  assert.equal(
    users.map(({ file }) => file).filter((file) => roomOf(file) !== 'dashboard'),
    [],
  );
});

test('an exported name has one meaning', () => {
  const places = new Map<string, string[]>();
  for (const { file, text } of sources) {
    // Of a function with several signatures, one.
    const names = text.matchAll(
      /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|interface|type|class|enum) (\w+)/gm,
    );
    for (const name of new Set([...names].map((match) => match[1] ?? '')))
      places.set(name, [...(places.get(name) ?? []), file]);
  }
  const doubled = [...places].filter(([, files]) => files.length > 1);
  assert.equal(
    doubled
      .filter(([name]) => !Object.hasOwn(EXPORTED_TWICE, name))
      .map(([name, files]) => `${name}: ${files.join(', ')}`),
    [],
  );
  assert.equal(
    Object.keys(EXPORTED_TWICE).filter((name) => !doubled.some(([other]) => other === name)),
    [],
    'an exception that is no longer needed',
  );
});

test('a blank line parts the head of a file from its imports', () => {
  const HEAD_ON_IMPORTS = /^(?:#!.*\n)?(?:\/\*(?:(?!\*\/)[\s\S])*\*\/\n|(?:\/\/.*\n)+)import\b/;
  assert.equal(
    EVERY_FILE.filter((file) => HEAD_ON_IMPORTS.test(read(file))),
    [],
  );
});

test(`no file has more than ${MOST_LINES} lines`, () => {
  const long = EVERY_FILE.filter((file) => read(file).split('\n').length - 1 > MOST_LINES);
  assert.equal(
    long.filter((file) => !Object.hasOwn(LONG_FILES, file)),
    [],
  );
  assert.equal(
    Object.keys(LONG_FILES).filter((file) => !long.includes(file)),
    [],
    'an exception that is no longer needed',
  );
});

test.run();
