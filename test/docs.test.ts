/** The documents say what the code has. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { documents } from '../docs/generate.ts';
import { loadAlertRules } from '../src/dashboard/settings.ts';
import { PROPERTY_NAMES } from '../src/limits/catalogue/properties.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

for (const [path, text] of documents()) {
  test(`${path} is what \`npm run docs\` makes`, () => {
    assert.ok(readFileSync(join(ROOT, path), 'utf8') === text, 'stale: run `npm run docs` and commit what it changes');
  });
}

test('docs/limits.md has every property', () => {
  const text = documents().get('docs/limits.md') ?? '';
  assert.equal(
    PROPERTY_NAMES.filter((name) => !text.includes(`\`${name}\``)),
    [],
  );
});

const PAGES = [...readdirSync(ROOT), ...readdirSync(join(ROOT, 'docs')).map((name) => join('docs', name))].filter(
  (name) => name.endsWith('.md'),
);

test('no link of a document is dead', () => {
  const dead = PAGES.flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)]
      .map((match) => join(dirname(file), match[1] ?? ''))
      .filter((target) => !existsSync(join(ROOT, target)))
      .map((target) => `${file}: ${target}`),
  );
  assert.equal(dead, []);
});

test('the rules that docs/alerts.md shows can be used as they stand', async () => {
  const directory = temporaryFolder();
  const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'docs/alerts.md'), 'utf8')) ?? [];
  writeFileSync(join(directory, 'config.yaml'), example);
  assert.is(loadAlertRules(directory).length, 3);
});

test('the files that a document names are there', () => {
  const named = PAGES.filter((file) => file !== 'CHANGELOG.md').flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/`((?:src|test|addon|docs|dashboards)\/[\w./-]+)`/g)]
      .map((match) => match[1] ?? '')
      // NAME stands for a file to come.
      .filter((path) => !/NAME|\*/.test(path) && !existsSync(join(ROOT, path)))
      .map((path) => `${file}: ${path}`),
  );
  assert.equal(named, []);
});

test.run();
