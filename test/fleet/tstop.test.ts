/** tstop of many machines in a real terminal, before a store that tells the truth, then fails, lies and stalls. */

import type { ServerResponse } from 'node:http';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openTstop, type Terminal } from '../terminal.ts';
import { answerOf, withServer } from './prometheus.ts';

const SCRAPE_SECONDS = 5;

/** `web` uses half a CPU on each machine; one of its labels would write to the terminal. */
function truth(): string {
  const now = Math.floor(Date.now() / 1000);
  const labels = '{id="/web",name="web\u001b]0;owned\u0007",kind="container"}';
  const text = (time: number): string =>
    `tscg_populated${labels} 1\ncontainer_cpu_usage_seconds_total${labels} ${(time * 0.5).toFixed(1)}\n`;
  const times = [now - SCRAPE_SECONDS, now];
  return answerOf(
    ['node-a:9753', 'node-b:9753'].flatMap((instance) => times.map((time) => ({ instance, time, text: text(time) }))),
  );
}

const tell = (response: ServerResponse): void => void response.end(truth());

/** Within a string of the answer, as a store might send more than is wanted. */
const HUGE = 100 << 20;

const LIES: readonly [what: string, lie: (response: ServerResponse) => void, message: RegExp][] = [
  ['an error', (r) => r.writeHead(500).end('oops'), /HTTP status 500/],
  ['a page', (r) => r.end('<html>sign in</html>'), /not as the query API of Prometheus does/],
  ['no series', (r) => r.end('{"data":{"result":[]}}'), /no figures of tscg export/],
  ['other types', (r) => r.end('{"data":{"result":{"metric":[]}}}'), /not as the query API/],
  ['100 MB', (r) => r.end(`{"data":{"result":"${'x'.repeat(HUGE)}"}}`), /not as the query API|more than \d+ MiB/],
  [
    'a half',
    (r) => void r.writeHead(200, { 'content-length': 9 }).write('{', () => r.destroy()),
    /broke off|ECONNRESET/,
  ],
];

async function withFleet(use: (terminal: Terminal, answerWith: (one: typeof tell) => void) => Promise<void>) {
  let answer = tell;
  await withServer(
    (response) => answer(response),
    async (url) => {
      const terminal = openTstop(120, 30, ['--prometheus', url, '--delay', '0.2']);
      try {
        const rows = (screen: string) =>
          /web\S* +node-a .* 50\.0/.test(screen) && /web\S* +node-b .* 50\.0/.test(screen);
        await terminal.until(rows, 'web of both machines');
        await use(terminal, (one) => {
          answer = one;
        });
      } finally {
        terminal.kill();
      }
    },
  );
}

test('a store that lies costs a message: the last figures stay with their age, and keys work', () =>
  withFleet(async (terminal, answerWith) => {
    for (const [what, lie, message] of LIES) {
      answerWith(lie);
      const footer = (screen: string): string => screen.slice(screen.lastIndexOf('Σ'));
      await terminal.until((screen) => message.test(footer(screen).replace(/\s+/g, ' ')), `the message about ${what}`);
      const screen = await terminal.until((text) => / [1-9]\d* s old/.test(text), 'the age of the figures');
      assert.match(screen, /web\S* +node-a .* 50\.0/, what);
      terminal.type('N');
      await terminal.until((text) => text.includes('▼NAME'), `${what}: sorted by name`);
      terminal.type('P');
      await terminal.until((text) => text.includes('▼CPU'), `${what}: sorted by CPU`);
      answerWith(tell);
      await terminal.until((text) => text.includes('? help'), `after ${what} the message goes`);
    }
    assert.not.match(terminal.raw(), '\u001b]0;owned');
  }));

test('a store that stalls blocks no key', () =>
  withFleet(async (terminal, answerWith) => {
    await new Promise<void>((resolve) => answerWith(() => resolve()));
    terminal.type('s');
    await terminal.until((text) => text.includes('only node-'), 'one machine alone');
    terminal.type('\r');
    await terminal.until((text) => text.includes('ssh -t node-'), 'what only that machine can tell');
    terminal.type('l');
    await terminal.until(
      (text) => text.includes('only cgroups of this machine can be changed'),
      'why nothing is changed',
    );
    terminal.type('q');
    assert.is(await terminal.ended, 0);
  }));

for (const [args, message] of [
  [['--prometheus', 'nonsense'], /^tstop: --prometheus: "nonsense" is no URL; .*$/m],
  [
    ['--prometheus', 'http://%25@localhost', '--tls-ca', '/nonexistent'],
    /^tstop: --tls-ca \/nonexistent: ENOENT \(nothing is there: give the path of a file\)$/m,
  ],
  [['--prometheus', 'http://localhost', '--replay', '/x'], /^tstop: --replay and --at are of a recording/m],
  [['--header', 'x: y'], /^tstop: .* go with --prometheus$/m],
] as const) {
  test(`${args.join(' ')} is one line and exit code 2`, async () => {
    const terminal = openTstop(120, 10, args);
    try {
      const screen = await terminal.until((text) => text.includes('tstop: '), 'the message');
      assert.match(screen, message);
      assert.is(await terminal.ended, 2);
    } finally {
      terminal.kill();
    }
  });
}

test.run();
