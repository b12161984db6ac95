/** Help, made from the key table. */
import { padEnd } from '../kernel/text.ts';
import { METRICS } from '../metrics/catalogue.ts';
import { KEYS } from './keys.ts';
import type { State } from './state.ts';
import type { Line } from './style.ts';

export function helpLines(): Line[] {
  const keys = KEYS.map(({ shown, help }): Line => [[padEnd(shown, 14), 'accent'], [help]]);
  const figures = METRICS.map(
    ({ label, id, help }): Line => [[padEnd(label, 10), 'accent'], [padEnd(id, 32), 'dim'], [help]],
  );
  return [
    [['Keys', 'title']],
    ...keys,
    [],
    [
      ['Figures', 'title'],
      ['   -- is unavailable, never 0; 100 % CPU is one CPU; memory in IEC units, io and network in SI'],
    ],
    ...figures,
  ];
}

export function footerView(state: State, trouble?: string): Line {
  if (state.typing) return [['filter: ', 'accent'], [`${state.filter}▏`], ['   Enter keeps it, Esc clears it', 'dim']];
  const keys = KEYS.flatMap(({ footer, shown }) =>
    footer ? [[` ${shown.split(' ')[0]} `, 'accent'] as const, [`${footer} `] as const] : [],
  );
  if (trouble !== undefined) return [[` ${trouble}`, 'critical']];
  return state.filter ? [...keys, [`  filter: ${state.filter}`, 'warning']] : keys;
}
