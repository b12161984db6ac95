/** What a key has switched, in words: the screen need not show it. */

import { duration, SPANS } from './chart-view.ts';
import { CPU_SCALES, MEMORY_DEFINITIONS } from './columns.ts';
import { SPEEDS, type State } from './state.ts';

/** Undefined where nothing of the kind is another one. */
export function switchedText(before: State, after: State): string | undefined {
  const { theme, mouse, alarm, scales, span, host } = after;
  if (theme !== before.theme) return `theme: ${theme}`;
  if (mouse !== before.mouse)
    return `mouse ${mouse ? 'on: click a row, turn the wheel' : 'off: the terminal selects text'}`;
  if (alarm !== before.alarm) return `alarm: ${alarm}`;
  if (scales.memory !== before.scales.memory) return `memory: ${MEMORY_DEFINITIONS[scales.memory]?.name}`;
  if (scales.cpu !== before.scales.cpu) return `CPU: ${CPU_SCALES[scales.cpu]?.name}`;
  if (after.speed !== before.speed) return `replay: ${SPEEDS[after.speed]} s a second`;
  if (host !== before.host) return host === undefined ? 'all machines' : `only ${host}: s or Esc shows all machines`;
  if (span !== before.span) return `charts: the last ${duration(SPANS[span] ?? SPANS[0])}`;
  return undefined;
}
