import { createRequire } from 'node:module';
import xterm from '@xterm/headless';
import fc from 'fast-check';
import stringWidth from 'string-width';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cellWidth, cut, padEnd, padStart, terminalSafe } from '../../src/text/cells.ts';
import { clean } from '../../src/text/clean.ts';
import { cpuMsOf } from '../cpu-time.ts';

/** What draws for us: a table of widths from 2015. */
const blessed: { strWidth(text: string): number } = createRequire(import.meta.url)('blessed/lib/unicode');

const FAMILY = '👨‍👩‍👧';
const FLAG = '🇩🇪';
const HOSTILE = [
  ...['\x1b[2J', '\x1b]0;title\x07', '\x9b31m', '\u202e', '\u2066', '\u200f', '\u061c', '\n', '\r', '\t', '\0', '\x7f'],
  ...['\u0085', '\u2028', '\ufeff', '\u00ad', '\u{e0041}', '\ud800', '\udc00', '\u200b', '\u200d', '\ufe0f', '\u3164'],
  ...[
    'e',
    'é',
    'e\u0301',
    'Z\u0301\u0302\u0303',
    '漢',
    'ﾊﾞ',
    '한',
    '\u1112\u1161\u11ab',
    'नमस्ते',
    'กำ',
    '😀',
    '👍🏽',
    '1️⃣',
  ],
  ...[FAMILY, FLAG, '\ue000', '\u0378', '☰', '⚠', '…', 'Я'],
];
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.array(fc.constantFrom(...HOSTILE)).map((parts) => parts.join('')),
);
const cells = fc.integer({ min: -1, max: 30 });

const DANGEROUS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/u;

test('our own letters, arrows and lines are one cell in every table, and stay as they are', () => {
  const latin = Array.from({ length: 0x40 }, (_, index) => String.fromCharCode(0xc0 + index));
  const lines = Array.from({ length: 0x80 }, (_, index) => String.fromCharCode(0x2500 + index));
  for (const character of [...'µ·ΔΣ–…←↑→↓≥▁▂▃▄▅▆▇█▏▲►▸▼▾●', ...latin, ...lines]) {
    assert.equal([stringWidth(character), blessed.strWidth(character), cellWidth(character)], [1, 1, 1], character);
    assert.is(terminalSafe(character), character);
    assert.is(cut(`${character}${character}`, 1), '…');
  }
});

test('nothing that a terminal obeys is left, and cleaning twice changes nothing', () => {
  fc.assert(
    fc.property(text, (raw) => {
      const cleaned = clean(raw);
      assert.not.match(cleaned, DANGEROUS);
      assert.is(clean(cleaned), cleaned);
    }),
    { numRuns: 1000 },
  );
});

test('what is removed, and what shows in its place', () => {
  const cases: [string, string][] = [
    ['x\x1b[2J', 'x[2J'],
    ['\x1b]0;title\x07', ']0;title'],
    ['\x9b31mred', '31mred'],
    ['a\nb', 'a↵b'],
    ['a\r\nb', 'a↵b'],
    ['a\u2028b', 'a↵b'],
    ['a\tb', 'a b'],
    ['abc\u202egpj.exe', 'abcgpj.exe'],
    ['\ud83d', '\ufffd'],
    ['\ud83d\u200d\ude00', '\ufffd\ufffd'],
    ['plain', 'plain'],
    ['naïve 漢字 😀', 'naïve 漢字 😀'],
  ];
  for (const [raw, expected] of cases) assert.is(clean(raw), expected);
});

test('cut fits, keeps graphemes whole, and cutting twice changes nothing', () => {
  fc.assert(
    fc.property(text.map(clean), cells, (whole, width) => {
      const part = cut(whole, width);
      assert.ok(cellWidth(part) <= Math.max(0, width), `${cellWidth(part)} cells of ${width}`);
      assert.is(cut(part, width), part);
      assert.not.match(part, DANGEROUS);
      if (width <= 0) assert.is(part, '');
      else if (cellWidth(whole) <= width) assert.is(part, whole);
      else assert.ok(part.endsWith('…') && whole.startsWith(part.slice(0, -1)));
    }),
    { numRuns: 1000 },
  );
  assert.is(cut('containers', 6), 'conta…');
  assert.is(cut('漢字漢字', 4), '漢…');
  assert.is(cut(`${FAMILY}ab`, 3), `${FAMILY}…`);
  assert.is(cut('ab', 1), '…');
  assert.is(cut('ab', 0), '');
});

test('padding counts cells and never cuts', () => {
  assert.is(padEnd('漢', 4), '漢  ');
  assert.is(padStart('12', 4), '  12');
  assert.is(padEnd('long', 2), 'long');
  fc.assert(
    fc.property(text.map(clean), cells, (whole, width) => {
      const expected = Math.max(width, cellWidth(whole));
      assert.is(cellWidth(padEnd(whole, width)), expected);
      assert.is(cellWidth(padStart(whole, width)), expected);
    }),
  );
});

test('a long text is measured as a whole, and soon', () => {
  fc.assert(
    fc.property(fc.array(text, { minLength: 60, maxLength: 90 }), fc.nat({ max: 300 }), (parts, length) => {
      const long = clean(`${parts.join('')}${'x\u0301'.repeat(length)}Z${'\u0301'.repeat(length)}`);
      assert.is(cellWidth(long), stringWidth(long));
    }),
    { numRuns: 200, endOnFailure: true },
  );
  const took = cpuMsOf(() => {
    for (const part of ['漢字', 'naïve 😀 ', 'Z\u0301\u0302\u0303']) cut(terminalSafe(part.repeat(30000)), 80);
    assert.is(cut('漢字'.repeat(50000), 5), '漢字…');
  });
  assert.ok(took < 4000, `${took} ms: V8 would take ten seconds for each`);
});

test('columns stay aligned in blessed whatever the name is', () => {
  fc.assert(
    fc.property(text, cells, (raw, width) => {
      const safe = terminalSafe(raw);
      assert.not.match(safe, DANGEROUS);
      assert.is(terminalSafe(safe), safe);
      assert.is(blessed.strWidth(safe), cellWidth(safe));
      assert.is(blessed.strWidth(padEnd(cut(safe, width), width)), Math.max(0, width));
    }),
    { numRuns: 1000 },
  );
});

test('what a terminal might draw at another width has a stand-in', () => {
  const cases: [string, string][] = [
    ['web-1', 'web-1'],
    ['naïve Ωμέγα Кот 漢字 かな 한국', 'naïve Ωμέγα Кот 漢字 かな 한국'],
    ['e\u0301', 'é'],
    ['Z\u0301\u0302', 'Z\u0301\u0302'.normalize('NFC').slice(0, 1)],
    [`a${FLAG}b`, 'a？b'],
    ['😀👍🏽', '？？'],
    ['\u1112\u1161\u11ab', '한'],
    ['\ue000', '?'],
  ];
  for (const [raw, expected] of cases) assert.is(terminalSafe(raw), expected);
});

test('a terminal draws every character that is kept at the width that was counted', async () => {
  const kept: string[] = [];
  for (let code = 0xa0; code < 0x20000; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    if (terminalSafe(character) === character) kept.push(character);
  }
  assert.ok(kept.length > 40000);
  const columns = 100;
  const terminal = new xterm.Terminal({ cols: columns, rows: 1, scrollback: kept.length, allowProposedApi: true });
  const lines = Array.from({ length: Math.ceil(kept.length / 50) }, (_, line) => kept.slice(line * 50, line * 50 + 50));
  await new Promise<void>((done) => terminal.write(lines.map((line) => line.join('')).join('\r\n'), done));
  const wrong = lines.flatMap((line, row) => {
    const drawn = terminal.buffer.active.getLine(row)?.translateToString(true);
    const expected = cellWidth(line.join(''));
    let width = 0;
    for (let x = 0; x < columns; x++) {
      const cell = terminal.buffer.active.getLine(row)?.getCell(x);
      if (cell !== undefined && cell.getChars() !== '') width += cell.getWidth();
    }
    return width === expected ? [] : [`${line[0]?.codePointAt(0)?.toString(16)}: ${width}, not ${expected}: ${drawn}`];
  });
  assert.equal(wrong, []);
});

test.run();
