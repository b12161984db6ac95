/** The terminal: blessed and blessed-contrib are used here and nowhere else. Five boxes, each filled with ready lines. */
import blessed from 'blessed';
import sparkline from 'blessed-contrib/lib/widget/sparkline.js';
import type { Area, Layout } from './layout.ts';
import { type Line, renderLine, type Theme } from './style.ts';

export interface Key {
  /** blessed's full name: `up`, `S-g`, `C-c`. */
  readonly full: string;
  readonly character?: string;
}

export interface View {
  readonly layout: Layout;
  readonly header: readonly Line[];
  readonly table: readonly Line[];
  readonly processes: readonly Line[];
  readonly spark: { readonly title: string; readonly values: readonly number[] };
  readonly footer: Line;
  /** Over everything but the footer. */
  readonly overlay?: readonly Line[];
}

export interface Screen {
  size(): { width: number; height: number };
  draw(view: View): void;
  /** Forgets what the terminal shows, so that the next draw writes all of it. */
  invalidate(): void;
  suspend(): void;
  close(): void;
}

export interface ScreenOptions {
  readonly theme: Theme;
  readonly onKey: (key: Key) => void;
  readonly onResize: () => void;
  /** A click on a line of the table (0 is its title) or the wheel; none with mouse off. */
  readonly mouse: boolean;
  readonly onClick: (line: number) => void;
  readonly onWheel: (by: number) => void;
}

/** Terminals whose terminfo blessed 0.1.81 compiles; the newest ones (ghostty, kitty) break it and speak xterm anyway. */
const KNOWN_TERMINALS = /^(xterm|screen|tmux|rxvt|linux|vt\d)/;

export function openScreen({ theme, onKey, onResize, mouse, onClick, onWheel }: ScreenOptions): Screen {
  const term = process.env.TERM ?? '';
  const screen = blessed.screen({
    smartCSR: true,
    fullUnicode: true,
    title: 'tstop',
    terminal: KNOWN_TERMINALS.test(term) && !/ghostty|kitty/.test(term) ? term : 'xterm-256color',
  });
  const box = () => blessed.box({ parent: screen, wrap: false });
  const [header, table, processes, footer] = [box(), box(), box(), box()];
  const spark = sparkline({ parent: screen, tags: true, style: { titleFg: 'cyan', fg: 'green' } });
  const overlay = box();

  screen.on('keypress', (character: string | undefined, key: { full?: string; name?: string }) => {
    const full = key.full ?? key.name;
    // Enter comes as `return` and `enter`; typed ahead, before the terminal is raw, as `linefeed`.
    if (!full || full === 'enter') return;
    onKey({ full: full === 'linefeed' ? 'return' : full, ...(character === undefined ? {} : { character }) });
  });
  screen.on('resize', onResize);
  if (mouse) {
    table.on('click', ({ y }: { y: number }) => onClick(y - Number(table.top)));
    table.on('wheeldown', () => onWheel(1));
    table.on('wheelup', () => onWheel(-1));
  }

  function place(element: blessed.Widgets.BoxElement, area: Area | undefined): void {
    element.hidden = area === undefined || area.width <= 0 || area.height <= 0;
    if (!area || element.hidden) return;
    element.top = area.top;
    element.left = area.left;
    element.width = area.width;
    element.height = area.height;
  }

  function fill(element: blessed.Widgets.BoxElement, area: Area | undefined, lines: readonly Line[]): void {
    place(element, area);
    if (!area || element.hidden) return;
    const shown = Array.from({ length: area.height }, (_, index) => renderLine(lines[index] ?? [], area.width, theme));
    element.setContent(shown.join('\n'));
  }

  return {
    size: () => ({ width: Number(screen.width), height: Number(screen.height) }),
    draw: (view) => {
      const { layout } = view;
      fill(header, layout.header, view.header);
      fill(table, layout.table, view.table);
      fill(processes, layout.processes, view.processes);
      fill(footer, layout.footer, [view.footer]);
      place(spark, layout.spark);
      if (!spark.hidden) spark.setData([view.spark.title], [view.spark.values]);
      const { width, height } = layout.footer;
      fill(
        overlay,
        view.overlay && { top: 0, left: 0, width, height: layout.footer.top + height - 1 },
        view.overlay ?? [],
      );
      screen.render();
    },
    invalidate: () => screen.realloc(),
    suspend: () => screen.program.sigtstp(),
    close: () => screen.destroy(),
  };
}
