/**
 * Names that a command line and a settings file take. They stand apart so that the help and the manual of tstop, which tscg
 * prints too, need nothing else of the dashboard.
 */

/** The shipped screens in the order of the keys 1 to 9. Tab and `--dashboard` lead to one that has no key. */
export const SHIPPED_SCREENS: readonly string[] = [
  'overview',
  'container',
  'pressure',
  'cpu',
  'memory',
  'io',
  'network',
  'namespaces',
  'filesystem',
  'neighbours',
];

export const THEME_NAMES = ['dark', 'light', 'high-contrast', 'monochrome', 'colour-blind'] as const;
