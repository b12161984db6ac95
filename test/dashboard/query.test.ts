/** The filter: plain text, the words of verdicts, and queries. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shownOf } from '../../src/dashboard/rows.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import { isQuery, parseFilter, QueryError } from '../../src/metrics/query.ts';
import { frameOf } from './frames.ts';

const FRAME = frameOf([
  { name: 'web', cpu: 80, memory: 64 * 2 ** 20, facts: { image: 'redis:7' } },
  { name: 'noisy', cpu: 180, memory: 2 * 2 ** 30, facts: { image: 'nginx', pod: 'front' } },
  { name: 'idle', cpu: 0, memory: 4096, facts: { labels: { 'com.docker.compose.project': 'shop' } } },
  { name: 'blind', cpu: 3 },
]);

const matches = (text: string): string[] =>
  FRAME.workloads.flatMap(({ name }, row) => (parseFilter(text)(FRAME, row) ? [name] : []));

for (const [text, expected] of [
  ['', ['web', 'noisy', 'idle', 'blind']],
  ['re', ['web']],
  ['WEB|idle', ['web', 'idle']],
  ['cpu > 50', ['web', 'noisy']],
  ['cpu_percent>=80% and image ~ redis', ['web']],
  ['image = nginx or name=idle', ['noisy', 'idle']],
  ['cpu > 50 or cpu < 1 and name = web', ['web', 'noisy']],
  ['(cpu > 50 or cpu < 1) and not name = web', ['noisy', 'idle']],
  ['mem > 1GiB', ['noisy']],
  ['memory < 1G', ['web', 'idle']],
  ['not memory < 1G', ['noisy', 'blind']],
  ['name !~ e', ['noisy', 'blind']],
  ['image ~ "redis:7"', ['web']],
  ['pod = front', ['noisy']],
  ['project = shop', ['idle']],
] as const) {
  test(`"${text}" lets through ${expected.join(', ')}`, () => assert.equal(matches(text), [...expected]));
}

for (const [text, about] of [
  ['cpu >', /after "cpu >" a value is missing/],
  ['cpu > fast', /"fast" is not a number for cpu_percent; as in cpu > 50/],
  ['cpux > 5', /no field "cpux"; did you mean cpu\?$/],
  ['cpu > 5 and', /a comparison is missing/],
  ['cpu > 5 name', /"name" is one too many/],
  ['(cpu > 5', /a "\)" is missing/],
  ['name > 5', /name is text/],
  ['cpu ~ 5', /cpu_percent is a number/],
] as const) {
  test(`"${text}" says what is wrong, and hides nothing`, () => {
    assert.throws(
      () => parseFilter(text),
      (error: Error) => error instanceof QueryError && about.test(error.message),
    );
    const shown = shownOf(FRAME, { ...INITIAL, filter: text });
    assert.match(shown.fault ?? '', about);
    assert.is(shown.items.length, 4);
  });
}

test('plain text stays plain text', () => {
  for (const text of ['not (cpu > 5)', '(not cpu>5)', 'not not cpu > 5', '((cpu > 5))']) assert.ok(isQuery(text), text);
  for (const text of ['web', 'a/b', 'docker-1', '10.0.0.1', 'not', 'cpu', 'x (1)']) assert.not(isQuery(text), text);
});

test('the word of a verdict finds its rows; a part of it does not', () => {
  const found = (filter: string) => shownOf(FRAME, { ...INITIAL, all: true, filter }).rows.length;
  assert.is(found('--'), FRAME.workloads.length, 'of none of them the pressure is known');
  assert.is(found('zz| -- '), FRAME.workloads.length);
  assert.is(found('cpu wait'), 0);
});

test.run();
