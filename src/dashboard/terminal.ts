/** The terminal: blessed is used in the `terminal` files and nowhere else. Areas, each filled with ready lines. */

import blessed from 'blessed';
import sparkline from 'blessed-contrib/lib/widget/sparkline.js';
import { codeOf } from '../kernel/error-code.ts';
import { levelChart } from './chart-view.ts';
import type { Typed } from './modal.ts';
import type { Pointer } from './mouse.ts';
import { createKeyboard, PASTE_MARKED, PASTE_UNMARKED } from './paste.ts';
import { hasAxes, openCharts } from './terminal-charts.ts';
import { createPainter, place } from './terminal-painter.ts';
import { forColours, type Theme } from './themes.ts';
import type { View } from './view.ts';

export interface Terminal {
  size(): { width: number; height: number };
  draw(view: View): void;
  /** Forgets what the terminal shows, so that the next draw writes all of it. */
  invalidate(): void;
  bell(): void;
  /** Takes the mouse, or leaves it to the terminal, which selects text with it. */
  setMouse(on: boolean): void;
  suspend(): void;
  close(): void;
}

export interface TerminalOptions {
  readonly theme: () => Theme;
  readonly onKey: (key: Typed) => void;
  readonly onResize: () => void;
  /** The terminal is gone. */
  readonly onHangUp: () => void;
  /** Whether tstop has the mouse at first. */
  readonly mouse: boolean;
  readonly onMouse: (pointer: Pointer) => void;
}

/** Terminals whose terminfo blessed 0.1.81 compiles; the newest ones (ghostty, kitty) break it and speak xterm anyway. */
const KNOWN_TERMINALS = /^(xterm|screen|tmux|rxvt|linux|vt\d)/;

const WHEEL: Readonly<Record<string, 'wheel up' | 'wheel down'>> = { wheelup: 'wheel up', wheeldown: 'wheel down' };

/** A process that still runs so long after its SIGTSTP was not stopped by it. */
const NOT_STOPPED_MS = 100;

/** Gives the mouse and pasted text back, shows the cursor, and leaves the alternate screen. */
const LEAVE = `\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l${PASTE_UNMARKED}\x1b[?25h\x1b[?1049l`;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function openTerminal({ theme: chosen, onKey, onResize, onHangUp, mouse, onMouse }: TerminalOptions): Terminal {
  const term = process.env.TERM ?? '';
  const screen = blessed.screen({
    smartCSR: true,
    fullUnicode: true,
    title: 'tstop',
    terminal: KNOWN_TERMINALS.test(term) && !/ghostty|kitty/.test(term) ? term : 'xterm-256color',
  });
  // Its types leave out what terminfo has.
  const tput: object = screen.tput;
  const colours = 'colors' in tput ? Number(tput.colors) : 256;
  const theme = (): Theme => forColours(chosen(), colours);
  const painter = createPainter(screen);
  const spark = sparkline({ parent: screen, tags: true, style: { titleFg: 'default', fg: 'default' } });
  const charts = openCharts(screen);
  /** What the sparkline shows, and where everything lies, as JSON. */
  let [sparked, places] = ['', ''];
  /** Whether the cells do not show what was drawn last. */
  let isStale = true;

  const keyboard = createKeyboard(onKey);
  screen.on('keypress', (character: string | undefined, key: { full?: string; name?: string }) => {
    const full = key.full ?? key.name;
    // Enter comes as `return` and `enter`; typed ahead, before the terminal is raw, as `linefeed`.
    if (!full || full === 'enter') return;
    keyboard.key({ full: full === 'linefeed' ? 'return' : full, ...(character === undefined ? {} : { character }) });
  });
  // The screen leaves out sequences that are no key.
  const onSequence = (_: string | undefined, key?: { sequence?: string }): void =>
    keyboard.sequence(key?.sequence ?? '');
  process.stdin.on('keypress', onSequence);
  process.stdout.write(PASTE_MARKED);
  // Also where a fault ends tstop.
  const unmark = (): void => void process.stdout.write(PASTE_UNMARKED);
  process.on('exit', unmark);
  screen.on('resize', () => {
    isStale = true;
    onResize();
  });
  let isListening = false;
  function setMouse(on: boolean): void {
    if (on && !isListening) {
      // The first listener switches it on.
      isListening = true;
      screen.on('mouse', ({ x, y, action, button }: { x: number; y: number; action: string; button: string }) => {
        const what = action === 'mousedown' && button === 'left' ? 'click' : WHEEL[action];
        if (what) onMouse({ x, y, what });
      });
    } else if (on) screen.program.enableMouse();
    else if (isListening) screen.program.disableMouse();
  }
  setMouse(mouse);

  function invalidate(): void {
    screen.realloc();
    isStale = true;
  }

  let isSuspended = false;
  /** After fg the terminal shows what the shell left there, and may have another size: that signal went to the shell. */
  function comeBack(): void {
    if (isSuspended) {
      screen.program.resume();
      process.stdout.write(PASTE_MARKED);
    }
    isSuspended = false;
    process.emit('SIGWINCH');
    invalidate();
    onResize();
  }
  process.on('SIGCONT', comeBack);
  // When a terminal is closed, reading from it ends or gives EIO, and writing gives EIO.
  process.stdin.on('end', onHangUp).on('error', onHangUp);
  process.stdout.on('error', onHangUp);

  /** Empties the cells where something came, went or moved since the last drawing, and tells whether it did. */
  function clearIfMoved(view: View): boolean {
    const areas = [view.header, view.table, view.footer, ...view.panes, ...view.charts, view.spark].map(
      (one) => one?.area,
    );
    const now = JSON.stringify([areas, view.overlay !== undefined, theme().ascii]);
    // A footer with a long message lies over what is above it, charts too.
    if (now === places && !isStale && view.footer.area.height === 1) return false;
    places = now;
    isStale = false;
    painter.clear();
    return true;
  }

  function drawSpark({ area, title, values }: NonNullable<View['spark']>, isCleared: boolean): void {
    const [fg = 'normal'] = theme().lines;
    const picture = JSON.stringify([title, values, fg]);
    if (picture === sparked && !isCleared) return;
    sparked = picture;
    place(spark, area);
    spark.style.fg = fg === 'normal' ? 'default' : fg;
    spark.setData([title], [values]);
    spark.render();
  }

  /** Draws what an overlay would cover. `isCleared`: all of it, else what changed. */
  function drawBody(view: View, isCleared: boolean): void {
    const look = theme();
    // The charts come first, as one that goes empties its cells.
    if (!look.ascii) charts.draw(view.charts, look.lines, isCleared);
    for (const block of [view.header, view.table, ...view.panes]) painter.paint(block, look);
    for (const chart of view.charts) {
      const { area, title } = chart;
      const hasLine = !look.ascii && hasAxes(chart);
      const block = hasLine
        ? { area: { ...area, height: 1 }, lines: [title] }
        : { area, lines: levelChart(chart, look.ascii) };
      painter.paint(block, look);
    }
    if (view.spark && !look.ascii) drawSpark(view.spark, isCleared);
  }

  return {
    size: () => ({ width: Number(screen.width), height: Number(screen.height) }),
    draw: (view) => {
      const { width, top } = view.footer.area;
      const isCleared = clearIfMoved(view);
      if (!view.overlay) drawBody(view, isCleared);
      else painter.paint({ area: { top: 0, left: 0, width, height: top }, lines: view.overlay }, theme());
      painter.paint(view.footer, theme());
      screen.draw(0, Number(screen.height) - 1);
    },
    invalidate,
    bell: () => void process.stdout.write('\x07'),
    setMouse,
    suspend: () => {
      // blessed writes the same, but into a buffer that is emptied after the process was stopped, which is too late.
      process.stdout.write(LEAVE);
      screen.program.pause();
      isSuspended = true;
      // The whole group, as the terminal does for Ctrl-Z: a wrapper such as npx is to stop too.
      process.kill(0, 'SIGTSTP');
      // The kernel discards the stop of an orphaned process group, as nobody could continue it (`ssh -t host tstop`): no
      // SIGCONT follows then. A timer does not run while the process is stopped.
      setTimeout(() => isSuspended && comeBack(), NOT_STOPPED_MS).unref();
    },
    close: () => {
      process.off('SIGCONT', comeBack);
      process.stdin.off('end', onHangUp).off('error', onHangUp).off('keypress', onSequence);
      process.off('exit', unmark);
      unmark();
      try {
        screen.destroy();
      } catch (error) {
        // A terminal that was closed has no modes to set back.
        if (codeOf(error) !== 'EIO') throw error;
      }
    },
  };
}
