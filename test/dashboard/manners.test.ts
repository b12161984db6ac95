/** tstop and its terminal: resize storms, suspend and resume, hang-up, ASCII, and files that cannot be used. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '../temporary-folder.ts';
import { closeTerminal, openTstop, type Terminal } from '../terminal.ts';

const TSTOP = fileURLToPath(new URL('../../dist/cli/tstop.js', import.meta.url));

async function withTstop(
  use: (terminal: Terminal) => Promise<void>,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<void> {
  const terminal = openTstop(100, 30, args, env);
  try {
    await use(terminal);
  } finally {
    terminal.kill();
  }
}

test('a storm of resizes ends in a whole screen of the last size', () =>
  withTstop(async (terminal) => {
    await terminal.until((text) => text.includes('NAME'), 'the table');
    for (let step = 0; step < 40; step++) terminal.resize(20 + ((step * 37) % 180), 5 + ((step * 13) % 55));
    terminal.resize(90, 20);
    await terminal.until((text) => {
      const lines = text.split('\n');
      return lines.length === 20 && /NAME/.test(lines[2] ?? '') && /\? help/.test(lines.at(-1) ?? '');
    }, 'the screen at 90x20');
  }));

test('pasted text is no key: it goes into a field, or nowhere', () =>
  withTstop(async (terminal) => {
    await terminal.until((text) => text.includes('NAME') && text.includes('? help'), 'the screen');
    assert.ok(terminal.raw().includes('\x1b[?2004h'));
    // A q would end it, a K and Enter kill what is selected.
    terminal.type('\x1b[200~K\rq # a command line\x1b[201~');
    await terminal.until((text) => text.includes('nothing was done'), 'that it was no key');
    assert.ok(terminal.screen().some((line) => line.includes('NAME')));
    terminal.type('f\x1b[200~no such\rq\x1b[201~');
    await terminal.until((text) => text.includes('no such'), 'the first line in the field');
    terminal.type('\x1b');
    await terminal.until((text) => !text.includes('no such'), 'an empty field');
    terminal.type('q');
    assert.is(await terminal.ended, 0);
    await terminal.until(
      () => terminal.raw().lastIndexOf('\x1b[?2004l') > terminal.raw().lastIndexOf('2004h'),
      'the end of it',
    );
  }));

for (const [signal, status] of [
  ['SIGHUP', 129],
  ['SIGTERM', 0],
] as const) {
  test(`${signal} ends it with ${status} and the terminal as it was`, () =>
    withTstop(async (terminal) => {
      await terminal.until((text) => text.includes('NAME'), 'the table');
      process.kill(terminal.pid, signal);
      assert.is(await terminal.ended, status);
      // The end of the process can be known before its last bytes are.
      await terminal.until(() => !terminal.alternate(), 'the terminal as it was');
    }));
}

test('what Node warns of in a library is not written over the screen', () =>
  withTstop(
    async (terminal) => {
      await terminal.until((text) => text.includes('NAME'), 'the table');
      terminal.type('a');
      await terminal.until((text) => /[\u2801-\u28ff]/.test(text), 'a chart');
      terminal.type('?');
      await terminal.until((text) => !text.includes('NAME'), 'help');
      assert.not.match(terminal.raw(), /Warning/);
    },
    ['--dashboard', 'cpu'],
  ));

test('closing the terminal ends it with 129', () =>
  withTstop(async (terminal) => {
    await terminal.until((text) => text.includes('NAME'), 'the table');
    terminal.close();
    assert.is(await terminal.ended, 129);
  }));

test('and so it does where no signal tells of it', async () => {
  const folder = temporaryFolder();
  // In a session of its own, no terminal controls it: the kernel sends it no SIGHUP.
  const script = 'trap "" HUP; setsid --wait "$0" "$1"; echo $? > "$2/status"';
  const child = spawn('sh', ['-c', script, process.execPath, TSTOP, folder], { cols: 100, rows: 30 });
  const shown = new Promise<void>((resolve) => child.onData((data) => data.includes('NAME') && resolve()));
  const ended = new Promise<void>((resolve) => child.onExit(() => resolve()));
  await shown;
  closeTerminal(child);
  await ended;
  assert.is(readFileSync(join(folder, 'status'), 'utf8').trim(), '129');
});

test('Ctrl-Z comes straight back where nobody could continue it', () =>
  withTstop(async (terminal) => {
    // The leader of a session, as by `ssh -t host tstop`: the kernel discards the stop.
    await terminal.until((text) => text.includes('NAME') && text.includes('? help'), 'the screen');
    const left = '\x1b[?1049l';
    terminal.type('\x1a');
    await terminal.until(() => terminal.raw().includes(left) && terminal.alternate(), 'the screen again');
    await terminal.until((text) => text.includes('NAME') && text.includes('? help'), 'all of it');
    terminal.type('?');
    await terminal.until((text) => text.startsWith('Keys'), 'that keys are read');
    terminal.type('q');
    assert.is(await terminal.ended, 0);
  }));

test('-U, and a locale that is not UTF-8, show nothing beyond ASCII, charts too', async () => {
  for (const [args, env] of [
    [['-U'], {}],
    [[], { LC_ALL: 'C' }],
  ] as const) {
    await withTstop(
      async (terminal) => {
        await terminal.until((text) => text.includes('vCPU %'), 'the order in ASCII');
        for (const keys of ['t', 'c', 'c\r', '\r?', '\x1b']) {
          terminal.type(keys);
          await new Promise((resolve) => setTimeout(resolve, 300));
          assert.not.match(terminal.screen().join('\n'), /[^\x00-\x7e]/);
        }
      },
      args,
      env,
    );
  }
});

/** Whether the terminal was last asked to report the mouse. */
const hasMouse = (terminal: Terminal): boolean =>
  terminal.raw().lastIndexOf('\x1b[?1000h') > terminal.raw().lastIndexOf('\x1b[?1000l');

test('w gives the mouse to the terminal and takes it back, and the choice is kept', async () => {
  const folder = temporaryFolder();
  const env = { XDG_CONFIG_HOME: folder };
  await withTstop(
    async (terminal) => {
      await terminal.until((text) => text.includes('NAME'), 'the table');
      assert.ok(hasMouse(terminal));
      for (const [isOn, said] of [
        [false, 'mouse off'],
        [true, 'mouse on'],
        [false, 'mouse off'],
      ] as const) {
        terminal.type('w');
        await terminal.until((text) => text.includes(said), said);
        assert.is(hasMouse(terminal), isOn);
      }
    },
    [],
    env,
  );
  await withTstop(
    async (terminal) => {
      await terminal.until((text) => text.includes('NAME'), 'the table');
      assert.not(hasMouse(terminal));
      terminal.type('w');
      await terminal.until(() => hasMouse(terminal), 'the mouse');
      terminal.type('\x1b[<0;4;3M\x1b[<0;4;3m');
      await terminal.until((text) => text.includes('▼NAME'), 'a click on a column head');
      terminal.type('?');
      await terminal.until((text) => text.startsWith('Keys'), 'help');
      terminal.type('\x1b[<65;4;9M');
      await terminal.until((text) => /^↓ j/.test(text), 'the wheel in help');
    },
    [],
    env,
  );
});

test('on a terminal of 8 colours dim text is not black on black', () =>
  withTstop(
    async (terminal) => {
      await terminal.until((text) => text.includes('NAME') && text.includes('? help'), 'the screen');
      assert.match(terminal.raw(), /PSI cpu/);
      assert.not.match(terminal.raw(), /\x1b\[(?:\d+;)*30mPSI cpu/);
    },
    [],
    { TERM: 'screen' },
  ));

test('NO_COLOR and -C leave every colour out, in charts too', async () => {
  for (const [args, env] of [
    [['-C'], {}],
    [[], { NO_COLOR: '1' }],
  ] as const) {
    await withTstop(
      async (terminal) => {
        for (const [keys, text] of [
          ['a', 'NAME'],
          ['c', 'PSI'],
          ['c2', 'inode'],
          ['v', 'Events'],
        ] as const) {
          terminal.type(keys);
          await terminal.until((screen) => screen.includes(text), `${text} after ${keys}`);
        }
        assert.equal(terminal.raw().match(/\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m/g) ?? [], []);
      },
      args,
      env,
    );
  }
});

test('a screen or settings that cannot be used are named, and tstop starts', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'bad.yaml');
  writeFileSync(file, 'title: x\ncolumns: [cpux]\n');
  mkdirSync(join(folder, 'tscg'));
  writeFileSync(join(folder, 'tscg/config.yaml'), 'tstop:\n  theme: pink\n');
  await withTstop(
    async (terminal) => {
      const about = (text: string): boolean => text.includes('bad.yaml:2: columns[0]: no metric "cpux"');
      await terminal.until((text) => text.includes('NAME') && about(text), 'the fault beside the table');
      terminal.type('?');
      const both = (text: string): boolean => about(text) && text.includes('tstop.theme: "pink" is not one of dark');
      await terminal.until((text) => text.includes('cannot be used') && both(text), 'all faults in help');
      terminal.type('q');
      await terminal.until((text) => !terminal.alternate() && both(text), 'all faults at the end');
    },
    ['--dashboard', file],
    { XDG_CONFIG_HOME: folder },
  );
  await withTstop(
    async (terminal) => {
      await terminal.until((text) => text.includes('MEM FULL') && text.includes('Events'), 'the pressure screen');
    },
    ['--dashboard', 'pressure'],
  );
});

test('Ctrl-Z gives the shell its terminal, fg draws all of it again', async () => {
  const shell = spawn('/bin/bash', ['--norc', '--noprofile', '-i'], {
    cols: 100,
    rows: 30,
    name: 'xterm-256color',
    env: { ...process.env, TERM: 'xterm-256color', PS1: 'prompt> ' },
  });
  const terminal = new xterm.Terminal({ cols: 100, rows: 30, allowProposedApi: true });
  shell.onData((data) => terminal.write(data));
  const screen = (): string =>
    Array.from({ length: 30 }, (_, line) =>
      terminal.buffer.active.getLine(terminal.buffer.active.baseY + line)?.translateToString(true),
    ).join('\n');
  const until = async (check: (text: string) => boolean, about: string): Promise<void> => {
    for (let tries = 0; tries < 900; tries++) {
      if (check(screen())) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.unreachable(`never seen: ${about}\n${screen()}`);
  };
  const isWhole = (text: string): boolean => /^CPU .*\nPSI .*\n.*NAME/.test(text) && text.includes('? help');
  try {
    await until((text) => text.includes('prompt>'), 'the prompt');
    shell.write(`${process.execPath} ${TSTOP}\r`);
    await until(isWhole, 'tstop');
    shell.write('\x1a');
    await until((text) => text.includes('Stopped'), 'the shell');
    assert.is(terminal.buffer.active.type, 'normal');
    shell.write('fg\r');
    await until((text) => isWhole(text) && terminal.buffer.active.type === 'alternate', 'tstop again, whole');
    shell.write('q');
    await until(() => terminal.buffer.active.type === 'normal', 'the shell again');
  } finally {
    shell.kill('SIGKILL');
  }
});

test('a theme that there is not is one line and exit code 2', () =>
  withTstop(
    async (terminal) => {
      await terminal.until((text) => text.includes('no theme "pink"; one of dark'), 'the error');
      assert.is(await terminal.ended, 2);
    },
    ['--theme', 'pink'],
  ));

test('without a terminal, too, an unknown theme is one line and exit code 2', () => {
  for (const theme of ['pink', 'toString']) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [TSTOP, '--theme', theme], { encoding: 'utf8' });
    assert.equal([status, stdout], [2, '']);
    assert.match(stderr, new RegExp(`^tstop: --theme: no theme "${theme}"; one of dark, [^\\n]*\\n$`));
  }
});

test.run();
