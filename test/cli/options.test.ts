/** Values of options: what is wrong with them is told, without the secrets in those with which one gets in somewhere. */

import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { UsageError } from '../../src/cli/errors.ts';
import { storeOptions } from '../../src/cli/fleet-options.ts';
import { ageOption, durationOption, intervalOption, momentOption, pastMomentOption } from '../../src/cli/options.ts';
import { pushOptions } from '../../src/cli/otlp-push.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const push = (otlp: string, ...header: string[]) => pushOptions({ otlp, header, interval: '15s' }, {});
const store = (prometheus: string, ...header: string[]) => storeOptions({ prometheus, header });

for (const [what, read, message] of [
  ['a URL without its scheme', () => store('admin:hunter2@prom:9090'), /--prometheus: what is given is no URL; give/],
  ['a URL that is none', () => push('http//a?api_key=hunter2'), /--otlp: what is given is no URL; give/],
  ['a password of a receiver', () => push('http://:hunter2@a'), /--otlp: give user and password with --header/],
  ['a key that would not be sent', () => store('http://a/?key=hunter2'), /what follows the \? would not be sent/],
  ['a header with a wrong name', () => push('http://a', 'X_Api_Key: hunter2'), /--header X_Api_Key: give it as/],
  ['a header with a wrong value', () => store('http://a', 'X-Key: hunter2\u00e9'), /--header X-Key: give it as/],
  ['a header without a colon', () => push('http://a', 'Authorization Bearer hunter2'), /--header: give it as/],
] as const)
  test(`the message about ${what} does not show it`, () =>
    assert.throws(
      read,
      (error: unknown) =>
        error instanceof UsageError && message.test(error.message) && !error.message.includes('hunter2'),
    ));

for (const given of ['hunter2', '/hunter2', 'me:hunter2/+=', 'hunter2'.repeat(50), '/dev/null/hunter2'])
  test(`a secret in place of its file is not shown: ${given.slice(0, 20)}`, () => {
    for (const read of [
      () => storeOptions({ prometheus: 'https://a', bearerTokenFile: given }),
      () => storeOptions({ prometheus: 'https://a', basicAuthFile: given }),
    ])
      assert.throws(
        read,
        (error: unknown) =>
          error instanceof UsageError &&
          /^--\S+-file: E[A-Z]+: give the path of a file that holds it, not the secret itself$/.test(error.message),
      );
  });

for (const [pasted, url] of [
  ['http://a:9090/graph?g0.expr=up&g0.tab=1', 'http://a:9090/'],
  ['https://me:pass@a/thanos/graph?g0.expr=up', 'https://me:pass@a/thanos/'],
  ['http://a:9090/query?g0.expr=up', 'http://a:9090/'],
  ['http://a:8428/vmui/#/?g0.expr=up&g0.range_input=30m', 'http://a:8428/'],
  ['http://a:8428/vmui/#/', 'http://a:8428/'],
  ['http://a:8481/select/0/vmui/#/?g0.expr=up', 'http://a:8481/select/0/prometheus/'],
  ['http://a/graph', 'http://a/graph'],
] as const)
  test(`${pasted} is of the store ${url}`, () => assert.is(store(pasted).url, url));

test('a secret that others can read on its way is told', () => {
  const toldOf = (prometheus: string, more: object = {}): number => {
    const told: string[] = [];
    storeOptions({ prometheus, ...more }, (text) => told.push(text));
    return told.length;
  };
  const header = ['authorization: Bearer x'];
  assert.equal([toldOf('http://a'), toldOf('http://a', { header: ['X-Scope-OrgID: shop'] })], [0, 0]);
  for (const [url, more] of [
    ['http://me:pass@a', {}],
    ['http://10.0.0.1:9090', { header }],
  ] as const) {
    assert.is(toldOf(url, more), 1);
    assert.is(toldOf(url.replace('http:', 'https:'), more), 0);
    for (const host of ['localhost', '127.0.0.1', '[::1]'])
      assert.is(toldOf(url.replace(/[^/@]+$/, `${host}:9090`), more), 0);
  }
});

test('a time of day is that of the day before where it has not come yet, also where that day has another length', () => {
  const zone = process.env.TZ;
  process.env.TZ = 'Europe/Berlin';
  try {
    // The clock is set back on 25 October and forward on 29 March.
    for (const [now, expected] of [
      ['2026-10-25T12:00', '2026-10-24T23:00'],
      ['2026-03-29T12:00', '2026-03-28T23:00'],
      ['2026-10-26T12:00', '2026-10-25T23:00'],
    ] as const)
      assert.is(pastMomentOption('--at', '23:00', new Date(now)), new Date(expected).getTime(), now);
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});

test('a time that is further back than any calendar is refused as one', () => {
  for (const text of ['99999999999d', '999999999w ago'])
    assert.throws(
      () => momentOption('--at', text),
      (error: unknown) => error instanceof UsageError,
      text,
    );
});

test('a file of authorities without a certificate is refused', () => {
  const directory = temporaryFolder();
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const tlsCa = join(directory, 'ca');
  const begun = '-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n';
  for (const text of [key, 'hunter2\n', '', begun]) {
    writeFileSync(tlsCa, text);
    for (const read of [
      () => storeOptions({ prometheus: 'https://a', tlsCa }),
      () => pushOptions({ otlp: 'https://a', interval: '15s', tlsCa }, {}),
    ])
      assert.throws(
        read,
        (error: unknown) =>
          error instanceof UsageError && error.message.startsWith(`--tls-ca ${tlsCa}: it holds no certificate in PEM`),
      );
  }
});

test('no time that is waited for is longer than a timer can be', () => {
  const refused = (read: () => unknown): void =>
    assert.throws(read, (error: unknown) => error instanceof UsageError && / is not from /.test(error.message));
  refused(() => intervalOption('30d', 100));
  refused(() => intervalOption('61m', 100));
  refused(() => intervalOption('50ms', 100));
  assert.is(intervalOption('1h', 100), 3_600_000);
  refused(() => durationOption('--for', '25d', 0, Number.POSITIVE_INFINITY));
  // One more, and Node ends the timer after a millisecond.
  assert.is(durationOption('--for', '2147483647ms', 0, Number.POSITIVE_INFINITY), 2 ** 31 - 1);
  refused(() => durationOption('--for', '2147483648ms', 0, Number.POSITIVE_INFINITY));
  assert.is(ageOption('--keep-for', '30d', 0, Number.POSITIVE_INFINITY), 30 * 86_400_000);
});

test.run();
