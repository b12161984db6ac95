/** The manual pages: everything of the tables is in them, and groff has nothing to say about them. */

import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { flagsText, roffText } from '../../src/cli/roff.ts';
import { buildTscg } from '../../src/cli/tscg-program.ts';
import { tstopTables } from '../../src/cli/tstop-program.ts';
import { KEYS } from '../../src/dashboard/keys.ts';
import { LIMITS } from '../../src/limits/catalogue/catalogue.ts';
import { METRICS } from '../../src/metrics/catalogue.ts';
import { tscg } from '../boxes.ts';

const FORMATTER = 'groff';
const isInstalled = spawnSync(FORMATTER, ['--version']).status === 0;

/** As shown in a wide terminal, without overstriking. */
function formatted(page: string): { text: string; warnings: string } {
  const { stdout, stderr } = spawnSync(FORMATTER, ['-man', '-Tutf8', '-ww', '-rLL=400n', '-P-cbou'], {
    input: page,
    encoding: 'utf8',
  });
  return { text: stdout, warnings: stderr };
}

test('text is escaped for roff', () => {
  assert.is(roffText('.SH x'), '\\&.SH x');
  assert.is(roffText("'x' \\n"), '\\(aqx\\(aq \\en');
  assert.is(roffText('a-b "c"'), 'a\\-b \\(dqc\\(dq');
  assert.is(roffText('↑\n'), '\\[u2191] ');
  assert.is(flagsText('-d, --delay <seconds>'), '\\fB\\-d\\fR, \\fB\\-\\-delay\\fR \\fI<seconds>\\fR');
});

test('both programs are built without running: every command is described, and its arguments and options too', () => {
  const tscgProgram = buildTscg();
  assert.is.not(tscgProgram, buildTscg());
  for (const command of [tscgProgram, tstopTables(), ...tscgProgram.commands]) {
    const help = command.createHelp();
    if (command.name().startsWith('__')) continue;
    assert.is.not(command.description(), '', command.name());
    for (const { long, short, description } of help.visibleOptions(command))
      assert.is.not(description, '', `${command.name()} ${long ?? short}`);
    for (const argument of command.registeredArguments)
      assert.ok(argument.description !== '' || command.name() === 'revert', `${command.name()} ${argument.name()}`);
  }
});

test('a command is the same where it alone is typed and its family alone is declared', () => {
  for (const command of buildTscg().commands) {
    const [alone] = buildTscg(command.name()).commands.filter((other) => other.name() === command.name());
    assert.is(alone?.helpInformation(), command.helpInformation());
  }
});

for (const [name, words] of [
  [
    'tscg',
    [
      'tscg apply',
      '--dry-run',
      'EXIT STATUS',
      '126',
      'ulimit -Sn 1024',
      ...LIMITS.flatMap(({ file, flags }) => [`(${file})`, ...flags.map(({ long }) => long)]),
      ...METRICS.map(({ id }) => id),
    ],
  ],
  ['tstop', ['--delay <seconds>', ...KEYS.map(({ shown }) => shown), ...METRICS.map(({ id }) => id)]],
] as const) {
  if (!isInstalled) {
    console.log(`SKIP the manual of ${name}: groff is not installed`);
    test.skip(`the manual of ${name} is valid roff and complete`, () => {});
    continue;
  }
  test(`the manual of ${name} is valid roff and complete`, () => {
    const { stdout, stderr, status } = tscg('man', name);
    assert.is(status, 0, stderr);
    assert.match(stdout, /^[\x20-\x7e\n]*$/, 'only ASCII');
    const { text, warnings } = formatted(stdout);
    assert.is(warnings, '');
    for (const word of words) assert.ok(text.includes(word), `${word} is missing`);
  });
}

test('any text comes out of groff as it went in', () => {
  if (!isInstalled) return;
  const line = fc.stringMatching(/^[!-~]([ -~]{0,38}[!-~])?$/).filter((text) => !/ {2}|[.?!]['")\]]* /.test(text));
  const lines = fc.sample(line, 300);
  const page = ['.TH X 1', '.nh', '.ad l', '.SH X', ...lines.flatMap((text) => ['.br', roffText(text)])].join('\n');
  const { text, warnings } = formatted(page);
  assert.is(warnings, '');
  const shown = new Set(text.split('\n').map((each) => each.trim()));
  for (const each of lines) assert.ok(shown.has(each), `${each} was changed`);
});

test.run();
