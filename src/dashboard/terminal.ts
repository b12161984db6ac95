/** The terminal: blessed is used in the `terminal` files and nowhere else. Boxes, each filled with ready lines. */

import blessed from 'blessed';
import sparkline from 'blessed-contrib/lib/widget/sparkline.js';
import { codeOf } from '../kernel/error-code.ts';
import type { Area } from './area.ts';
import { levelChart } from './chart-view.ts';
import type { Typed } from './modal.ts';
import type { Pointer } from './mouse.ts';
import { createKeyboard, PASTE_MARKED, PASTE_UNMARKED } from './paste.ts';
import { type Line, renderLine } from './style.ts';
import { hasAxes, openCharts } from './terminal-charts.ts';
import { forColours, type Theme } from './themes.ts';
import type { Block, View } from './view.ts';

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

const NO_PIECES: Line = [];

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
  const box = () => blessed.box({ parent: screen, wrap: false });
  const [header, table, footer] = [box(), box(), box()];
  const panes: blessed.Widgets.BoxElement[] = [];
  const spark = sparkline({ parent: screen, tags: true, style: { titleFg: 'default', fg: 'default' } });
  const charts = openCharts(screen);
  const overlay = box();
  /** The lines that each element shows. */
  const shownLines = new Map<blessed.Widgets.BoxElement, readonly string[]>();
  /** Elements that show another text than at the last rendering, which goes over each cell of an element. */
  const changed = new Set<blessed.Widgets.BoxElement>();
  /** Whether elements came, went or moved since then, so that all are rendered. */
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

  function place(element: blessed.Widgets.BoxElement, area: Area | undefined): void {
    if (area === undefined || area.width <= 0 || area.height <= 0) {
      // Hiding it is not enough: what it showed stays on the terminal until the screen is rendered.
      if (!element.hidden) {
        element.hide();
        isStale = true;
      }
      return;
    }
    const before = [element.top, element.left, element.width, element.height];
    const after = [area.top, area.left, area.width, area.height];
    const isThere = !element.hidden && before.every((value, index) => value === after[index]);
    if (isThere) return;
    isStale = true;
    if (!element.hidden) element.hide();
    element.show();
    element.top = area.top;
    element.left = area.left;
    element.width = area.width;
    element.height = area.height;
  }

  function fill(element: blessed.Widgets.BoxElement, pane: Block | undefined): void {
    place(element, pane?.area);
    if (!pane || element.hidden) return;
    const { area, lines } = pane;
    const look = theme();
    const texts: string[] = [];
    for (let index = 0; index < area.height; index++)
      texts.push(renderLine(lines[index] ?? NO_PIECES, area.width, look));
    // It is parsed when it is rendered. setContent would do so here too, and clear all cells before, which these lines fill.
    if (!isShown(element, texts)) element.content = texts.join('\n');
  }

  /** Whether the element shows these lines already; remembers that it does from now on. */
  function isShown(element: blessed.Widgets.BoxElement, lines: readonly string[]): boolean {
    const before = shownLines.get(element);
    if (before?.length === lines.length && lines.every((line, index) => line === before[index])) return true;
    shownLines.set(element, lines);
    changed.add(element);
    return false;
  }

  return {
    size: () => ({ width: Number(screen.width), height: Number(screen.height) }),
    draw: (view) => {
      fill(header, view.header);
      fill(table, view.table);
      fill(footer, view.footer);
      const shown = [
        ...view.panes,
        ...view.charts.map((chart): Block => {
          const { area, title } = chart;
          const { ascii } = theme();
          return !ascii && hasAxes(chart)
            ? { area: { ...area, height: 1 }, lines: [title] }
            : { area, lines: levelChart(chart, ascii) };
        }),
      ];
      while (panes.length < shown.length) panes.push(box());
      panes.forEach((pane, index) => void fill(pane, shown[index]));
      place(spark, theme().ascii ? undefined : view.spark?.area);
      spark.style.fg = theme().lines[0] === 'normal' ? 'default' : theme().lines[0];
      if (view.spark && !spark.hidden && !isShown(spark, [JSON.stringify([view.spark, spark.style.fg])]))
        spark.setData([view.spark.title], [view.spark.values]);
      if (charts.draw(view.overlay || theme().ascii ? [] : view.charts, theme().lines)) isStale = true;
      const { width, top } = view.footer.area;
      fill(overlay, view.overlay && { area: { top: 0, left: 0, width, height: top }, lines: view.overlay });
      if (!isStale && changed.size === 0) return;
      // A footer with a long message lies over what is above it.
      if (isStale || view.overlay || view.footer.area.height > 1) {
        overlay.setFront();
        footer.setFront();
        screen.render();
      } else {
        for (const element of changed) element.render();
        screen.draw(0, Number(screen.height) - 1);
      }
      isStale = false;
      changed.clear();
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
