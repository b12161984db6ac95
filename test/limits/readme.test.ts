/** The README's table of limits says what the catalogue has. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LIMITS } from '../../src/limits/catalogue/catalogue.ts';
import { PROPERTY_NAMES } from '../../src/limits/catalogue/properties.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const ROWS = (README.split('\n## Limits\n')[1]?.split('\n## ')[0] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| kernel file'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

const withSize = (text: string): string => text.replace(/^(hugetlb\.|--hugetlb-)\d+[KMG]B/, '$1SIZE');

test('every limit with every flag, and every property', () => {
  const flags = new Map(
    LIMITS.map((limit) => [
      withSize(limit.file),
      limit.flags.flatMap(({ short, long }) => [...(short ? [short] : []), withSize(long)]).sort(),
    ]),
  );
  const told = new Map(
    ROWS.map(([, file = '', cell = '']) => [
      file,
      [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '').sort(),
    ]),
  );
  assert.equal([...told].sort(), [...flags].sort());
  const properties = ROWS.flatMap(([, , , cell = '']) => cell.split(', ').map((name) => name.split('=')[0] ?? ''));
  assert.equal([...new Set(properties.filter((name) => name !== ''))].sort(), [...PROPERTY_NAMES].sort());
});

test.run();
