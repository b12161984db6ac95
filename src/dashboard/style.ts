/**
 * Styled text: pieces with a style, joined to one line of exact width. Styles are named by meaning; a theme says how
 * each looks. Blessed reads SGR sequences in content, and nothing else in it is an escape: all text is `terminalSafe`.
 */
import { cellWidth, cut, terminalSafe } from '../kernel/text.ts';

export type Style = 'plain' | 'dim' | 'title' | 'selected' | 'good' | 'warning' | 'critical' | 'accent';

export type Piece = readonly [text: string, style?: Style];
export type Line = readonly Piece[];

export type Theme = Readonly<Record<Style, string>>;

const sgr = (codes: string): string => `\x1b[${codes}m`;

export const COLOUR_THEME: Theme = {
  plain: '',
  dim: sgr('90'),
  title: sgr('1;36'),
  selected: sgr('30;46'),
  good: sgr('32'),
  warning: sgr('33'),
  critical: sgr('1;31'),
  accent: sgr('36'),
};

/** NO_COLOR: brightness and reversal only. */
export const PLAIN_THEME: Theme = {
  plain: '',
  dim: '',
  title: sgr('1'),
  selected: sgr('7'),
  good: '',
  warning: sgr('1'),
  critical: sgr('1'),
  accent: '',
};

const RESET = '\x1b[0m';

/** The line cut or filled to `width` cells, as SGR text. A `selected` line is one style from edge to edge. */
export function renderLine(line: Line, width: number, theme: Theme): string {
  let left = width;
  let text = '';
  const selected = line.some(([, style]) => style === 'selected');
  for (const [raw, style = 'plain'] of line) {
    if (left <= 0) break;
    const shown = cut(terminalSafe(raw), left);
    left -= cellWidth(shown);
    const code = theme[selected ? 'selected' : style];
    text += selected || code === '' ? shown : `${code}${shown}${RESET}`;
  }
  const filled = text + ' '.repeat(Math.max(0, left));
  return selected ? `${theme.selected}${filled}${RESET}` : filled;
}

/** Share of something that has a limit, in ctop's steps. */
export function shareStyle(percent: number): Style {
  if (!(percent >= 0)) return 'dim';
  return percent > 90 ? 'critical' : percent > 70 ? 'warning' : 'plain';
}
