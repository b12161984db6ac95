/** Every key of the key table, pressed in a real terminal: what the screen shows is what its help says. */

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { KEYS } from '../../src/dashboard/keys.ts';
import { BUSY, withBox } from '../boxes.ts';
import { openTstop, type Terminal } from '../terminal.ts';

const ROOT = `tscg-k-${process.pid}`;
const NAMES = ['ka', 'kb', 'kc'].map((name) => `${name}-${process.pid}`);
const [A = '', B = '', C = ''] = NAMES;
const CONFIG = join(tmpdir(), `tscg-test-config-${process.pid}`);

type Check = (screen: string) => boolean;

const has =
  (text: string): Check =>
  (screen) =>
    screen.includes(text);
const hasNot =
  (text: string): Check =>
  (screen) =>
    !screen.includes(text);
/** The selected row, as the pane of processes names it. */
const selected =
  (name: string): Check =>
  (screen) =>
    new RegExp(`${name} {2}(\\d+ process|reading)`).test(screen);
const order =
  (...names: readonly string[]): Check =>
  (screen) => {
    const places = names.map((name) => screen.search(new RegExp(`^[ ●]*${name}`, 'm')));
    return places.every((place, index) => place >= 0 && (index === 0 || place > (places[index - 1] ?? 0)));
  };

/** [what is typed, what must be seen, which key it is]. In this order, on one screen. */
const STEPS: readonly (readonly [keys: string, check: Check, key: string])[] = [
  ['?', has('sort by memory'), '? h F1'],
  ['\x1b', hasNot('sort by memory'), 'Esc'],
  ['E', has('only a recording is searched'), 'E'],
  [')', has('only a recording has a speed'), ')'],
  ['O', has('only a recording is searched'), 'O'],
  ['(', has('only a recording has a speed'), '('],
  ['D', has('only a recording is searched'), 'D'],
  ['s', has('all rows are of one machine'), 's'],
  ['@12', has('jump: 12'), '@'],
  ['\x1b', hasNot('jump: 12'), 'Esc'],
  [`f/${ROOT}/\r`, order(A), 'f F4 \\'],
  ['N', has('▼NAME'), 'N'],
  ['g', selected(A), 'Home g'],
  ['j', selected(B), '↓ j'],
  ['k', selected(A), '↑ k'],
  ['G', selected(C), 'End G'],
  ['\x1b[5~', selected(A), 'PgUp'],
  ['\x1b[6~', selected(C), 'PgDn'],
  [`/kb\r`, selected(B), '/ F3'],
  ['g/k\r', selected(A), '/ F3'],
  ['n', selected(B), 'n'],
  ['I', order(C, B, A), 'I r'],
  ['r', order(A, B, C), 'I r'],
  ['P', has('▼CPU %'), 'P'],
  ['M', has('▼MEM'), 'M'],
  ['T', has('▼THR'), 'T'],
  ['P>', has('▼CPU/LIM'), '> F6 →'],
  ['<', has('▼CPU %'), '< ←'],
  ['%', has('▼CPU/HOST'), '%'],
  ['%%', has('▼CPU %'), '%'],
  ['m', has('MEM CUR'), 'm'],
  ['mmm', hasNot('MEM CUR'), 'm'],
  ['Nt', has('(tree)'), 't F5'],
  ['g-', has(`▸ ${ROOT}`), '-'],
  ['+', has(`▾ ${ROOT}`), '+'],
  ['=', has(`▸ ${ROOT}`), '='],
  ['*', has(`▾ ${ROOT}`), '*'],
  ['tt', has('(by project)'), 't F5'],
  ['ttt', hasNot('(by'), 't F5'],
  ['tttttt', hasNot('(by'), 't F5'],
  ['g ', has('1 tagged'), 'Space'],
  ['U', hasNot('tagged'), 'U'],
  ['F', has('following'), 'F'],
  ['F', hasNot('following'), 'F'],
  ['a', has(`Σ 4 rows`), 'a'],
  ['a', has('1 empty hidden'), 'a'],
  ['H', has('with kernel threads'), 'H'],
  ['H', hasNot('with kernel threads'), 'H'],
  ['Pe', has('Δ cpu.stat:usage_usec'), 'e'],
  ['>', has('where the headroom is least'), '> F6 →'],
  ['e', hasNot('definition'), 'e'],
  ['v', has('Events'), 'v'],
  ['v', hasNot('Events'), 'v'],
  ['v', has('b alarm (none)'), 'v'],
  ['fnothing at all\r', has('none of these'), 'f F4 \\'],
  ['b', has('b alarm (bell)'), 'b'],
  ['b', has('b alarm (flash)'), 'b'],
  ['b', has('b alarm (both)'), 'b'],
  ['v', hasNot('b alarm'), 'v'],
  ['g\r', has('at memory.high'), 'Enter o'],
  ['o', hasNot('at memory.high'), 'Enter o'],
  ['c', has('IO W/s'), 'c'],
  ['x', has('15m'), 'x'],
  ['X', hasNot('15m'), 'X'],
  ['c', has('NAME'), 'c'],
  ['[', (text) => /held \d\d:\d\d:\d\d/.test(text), '['],
  ['{', (text) => /held \S+, \d+ s back/.test(text), '{'],
  [']', (text) => /held/.test(text), ']'],
  // As many samples as may have come meanwhile on a machine that is full.
  ['}'.repeat(60), (text) => /held \d\d:\d\d:\d\d {2}/.test(text), '}'],
  ['Z', hasNot('held'), 'Z'],
  ['Z', has('held'), 'Z'],
  ['Z', hasNot('held'), 'Z'],
  ['l', has('Limits of 1 row'), 'l'],
  ['\x1b', hasNot('Limits of'), 'Esc'],
  ['u', has('nothing to undo'), 'u'],
  ['z', has('Freeze: nothing in it runs'), 'z'],
  ['\x1b', hasNot('Freeze: nothing'), 'Esc'],
  ['R', has('Take memory back from this row'), 'R'],
  ['\x1b', hasNot('Take memory back'), 'Esc'],
  ['K', has('SIGTERM'), 'K F9'],
  ['\x1b', hasNot('SIGTERM'), 'Esc'],
  ['\t', has('Container  '), 'Tab'],
  ['\x1b[Z', has('Overview  '), 'Shift-Tab'],
  ...[...['Overview', 'Container', 'Pressure', 'CPU', 'Memory', 'IO'], ...['Network', 'Namespaces', 'File system']].map(
    (title, index) => [String(index + 1), has(`${title}  `), String(index + 1)] as const,
  ),
  ['1', has('Overview  '), '1'],
  ['d', has('no look at this row is over yet: W looks closer'), 'd'],
  ['p', has('no look at this row is over yet: W looks closer'), 'p'],
  ['W', has('Neighbours  '), 'W'],
  ['W', has('Overview  '), 'W'],
  ['w', has('mouse off'), 'w'],
  ['w', has('mouse on'), 'w'],
  ['\x0c', has('NAME'), 'Ctrl-L'],
  ['y', has('theme: light'), 'y'],
  ['\x1bOQ', has('Columns'), 'F2'],
  [' \r', hasNot('Columns'), 'F2'],
];

async function press(terminal: Terminal): Promise<void> {
  for (const [keys, check, key] of STEPS) {
    terminal.type(keys);
    // A sample that comes before the keys are drawn is one more to step over.
    const again = key === '}' ? setInterval(() => terminal.type(key), 500) : undefined;
    await terminal.until(check, `what ${key} does (${JSON.stringify(keys)})`).finally(() => clearInterval(again));
    // Esc and a key at once would be Alt and that key.
    if (keys.endsWith('\x1b')) await new Promise((resolve) => setTimeout(resolve, 600));
  }
}

test('every key does what its help says', () =>
  withBox(`/${ROOT}/${A}`, async (first) =>
    withBox(`/${ROOT}/${B}`, async (second) =>
      withBox(`/${ROOT}/${C}`, async (third) =>
        withBox(`/${ROOT}/hollow`, async () => {
          await first.run('sleep 1000');
          await second.run(BUSY);
          await third.run('sleep 1000');
          const env = { XDG_CONFIG_HOME: CONFIG, TSCG_STATE_DIR: join(CONFIG, 'state') };
          const terminal = openTstop(150, 40, [], env);
          try {
            await terminal.until(has('NAME'), 'the table');
            // So that something has happened, on an idle machine too.
            first.write('cgroup.freeze', '1');
            await terminal.until(has(`${A} frozen`), 'that it is frozen');
            first.write('cgroup.freeze', '0');
            await terminal.until(hasNot(`${A} frozen`), 'that it goes on');
            await press(terminal);
            const saved = readFileSync(join(CONFIG, 'tscg/config.yaml'), 'utf8');
            assert.match(saved, /theme: light/);
            assert.match(saved, /alarm: both/);
            assert.not.match(saved, /- verdict$/m);
            assert.match(saved, /- cpu_percent/);
            terminal.type('q');
            assert.is(await terminal.ended, 0);
          } finally {
            terminal.kill();
            if (existsSync(CONFIG)) rmSync(CONFIG, { recursive: true });
          }
        }),
      ),
    ),
  ));

test('no key of the table is left out above', () => {
  const tried = new Set(STEPS.map(([, , key]) => key));
  const elsewhere = ['Ctrl-Z', 'q F10 Ctrl-C'];
  assert.equal(
    KEYS.map(({ shown }) => shown).filter((shown) => !tried.has(shown) && !elsewhere.includes(shown)),
    [],
  );
});

test.run();
