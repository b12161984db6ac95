/** How each style looks. No meaning rests on colour alone: what matters is also in the text. */

import { madeFrom } from '../metrics/made-from.ts';
import { THEME_NAMES } from './names.ts';

type ThemeName = (typeof THEME_NAMES)[number];

export type Style = 'plain' | 'dim' | 'title' | 'selected' | 'good' | 'warning' | 'critical' | 'accent';

export interface Theme {
  /** SGR sequence by style; empty for the terminal's own look. */
  readonly codes: Readonly<Record<Style, string>>;
  /** Colours of the lines of a chart, in the order of their names' styles: accent, warning, good. */
  readonly lines: readonly ChartColour[];
  /** Whether there are no characters beyond ASCII. */
  readonly ascii: boolean;
}

export type ChartColour = 'cyan' | 'yellow' | 'green' | 'magenta' | 'blue' | 'normal' | number;

const sgr = (codes: string): string => `\x1b[${codes}m`;

const GREY = sgr('90');

const DARK: Theme['codes'] = {
  plain: '',
  dim: GREY,
  title: sgr('1;36'),
  selected: sgr('30;46'),
  good: sgr('32'),
  warning: sgr('33'),
  critical: sgr('1;31'),
  accent: sgr('36'),
};

const THEMES: Readonly<Record<ThemeName, Theme['codes']>> = {
  dark: DARK,
  light: {
    plain: '',
    dim: sgr('38;5;240'),
    title: sgr('1;34'),
    selected: sgr('37;44'),
    good: sgr('38;5;22'),
    warning: sgr('38;5;94'),
    critical: sgr('1;38;5;124'),
    accent: sgr('34'),
  },
  'high-contrast': {
    plain: sgr('97'),
    dim: sgr('37'),
    title: sgr('1;97'),
    selected: sgr('1;30;107'),
    good: sgr('1;92'),
    warning: sgr('1;93'),
    critical: sgr('1;97;41'),
    accent: sgr('1;96'),
  },
  /** NO_COLOR: brightness and reversal only. */
  monochrome: {
    plain: '',
    dim: '',
    title: sgr('1'),
    selected: sgr('7'),
    good: '',
    warning: sgr('1'),
    critical: sgr('1'),
    accent: '',
  },
  /** Blue, orange and white of Okabe and Ito: none of them rests on telling red from green. */
  'colour-blind': {
    ...DARK,
    title: sgr('1;38;5;75'),
    selected: sgr('30;48;5;75'),
    good: sgr('38;5;75'),
    warning: sgr('38;5;214'),
    critical: sgr('1;38;5;232;48;5;214'),
    accent: sgr('38;5;117'),
  },
};

const LINES: Readonly<Record<ThemeName, Theme['lines']>> = {
  dark: ['cyan', 'yellow', 'green', 'magenta'],
  light: ['blue', 94, 22, 'magenta'],
  'high-contrast': [14, 11, 10, 13],
  monochrome: ['normal'],
  'colour-blind': [117, 214, 75, 'normal'],
};

/** `dark` for a name that is none. */
export function themeOf(name: string, ascii: boolean): Theme {
  const known = THEME_NAMES.find((theme) => theme === name) ?? 'dark';
  return { codes: THEMES[known], lines: LINES[known], ascii };
}

/** A terminal of 8 colours (`screen`, `linux`) has no grey: it would be black, on black. */
export const forColours = (theme: Theme, colours: number): Theme =>
  colours < 16 && theme.codes.dim === GREY ? { ...theme, codes: withoutGrey(theme.codes) } : theme;

const lastWithoutGrey = madeFrom<Theme['codes']>();
const withoutGrey = (codes: Theme['codes']): Theme['codes'] => lastWithoutGrey([codes], () => ({ ...codes, dim: '' }));
