/** A program in a pseudo-terminal, its screen read as text by a headless xterm. */

import { fileURLToPath } from 'node:url';
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { screenSvg } from './terminal-svg.ts';

const TSTOP = fileURLToPath(new URL('../dist/cli/tstop.js', import.meta.url));

export interface Terminal {
  readonly pid: number;
  /** Lines of the screen, without blanks at the end. */
  screen(): string[];
  type(keys: string): void;
  resize(columns: number, rows: number): void;
  /** Resolves when the screen satisfies it; rejects with the screen when it never does in that time. */
  until(satisfied: (screen: string) => boolean, about: string, patienceMs?: number): Promise<string>;
  /** Exit code when it has ended; 128 and the signal's number where a signal ended it, as a shell shows it. */
  readonly ended: Promise<number>;
  /** Whether the program has the alternate screen, and the cursor is hidden. */
  alternate(): boolean;
  /** What was written, escape sequences included. */
  raw(): string;
  /** The screen as a picture. */
  svg(): string;
  kill(): void;
  /** As a user closes its window. */
  close(): void;
}

/** The guest is an emulated machine. */
const PATIENCE_MS = process.env.TSCG_GUEST ? 150_000 : 90_000;

/**
 * Without looks that nobody asked for: they come and go with the load of the machine. `under`: a command that runs it, as
 * strace.
 */
export function openTstop(
  columns: number,
  rows: number,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
  under: readonly string[] = [],
): Terminal {
  const [program = '', ...rest] = [...under, process.execPath, TSTOP, '--no-looks', ...args];
  const child = spawn(program, rest, {
    cols: columns,
    rows,
    name: 'xterm-256color',
    env: { ...process.env, TERM: 'xterm-256color', NO_COLOR: '', ...env },
  });
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  const waiting = new Set<() => void>();
  let raw = '';
  child.onData((data) => {
    raw += data;
    terminal.write(data, () => {
      for (const check of waiting) check();
    });
  });
  const ended = new Promise<number>((resolve) => {
    child.onExit(({ exitCode, signal }) => resolve(signal ? 128 + signal : exitCode));
  });
  const screen = (): string[] => {
    const { active } = terminal.buffer;
    return Array.from(
      { length: terminal.rows },
      (_, line) => active.getLine(active.baseY + line)?.translateToString(true) ?? '',
    );
  };
  return {
    pid: child.pid,
    screen,
    type: (keys) => child.write(keys),
    resize: (nextColumns, nextRows) => {
      terminal.resize(nextColumns, nextRows);
      child.resize(nextColumns, nextRows);
    },
    until: (satisfied, about, patienceMs = PATIENCE_MS) =>
      new Promise((resolve, reject) => {
        const done = (settle: () => void): void => {
          waiting.delete(check);
          clearTimeout(timer);
          settle();
        };
        const check = (): void => {
          const text = screen().join('\n');
          if (satisfied(text)) done(() => resolve(text));
        };
        const timer = setTimeout(() => {
          done(() => reject(new Error(`never on the screen: ${about}\n${screen().join('\n')}`)));
        }, patienceMs);
        waiting.add(check);
        check();
      }),
    ended,
    alternate: () => terminal.buffer.active.type === 'alternate',
    raw: () => raw,
    svg: () => screenSvg(terminal.buffer.active, terminal.cols, terminal.rows),
    kill: () => child.kill('SIGKILL'),
    close: () => closeTerminal(child),
  };
}

/** Closes the master side of the pseudo-terminal. Its types leave that out. */
export function closeTerminal(child: IPty): void {
  if (!('destroy' in child && typeof child.destroy === 'function')) throw new Error('node-pty has no destroy()');
  child.destroy();
}
