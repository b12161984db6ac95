/** How a Finding is said, wherever it is shown. */

import { formatValue } from '../metrics/format.ts';
import type { FigureUnit, Finding, Refusal } from './model.ts';

/** Why nobody is named. */
export const REFUSAL_WORDS: Readonly<Record<Refusal, string>> = {
  'weights decide': 'those before it have no more than their configured weight gives them',
  'the machine is full': 'all who compete are near their shares of what there is',
  'no suspect': 'the evidence points to no one in particular',
};

/** `5.0 s, from kernel files`: how long was looked, and at what. */
export const lookText = ({ window, source }: Pick<Finding, 'window' | 'source'>): string =>
  `${Number.isNaN(window) ? '--' : window.toFixed(1)} s, from ${source === 'ebpf' ? 'eBPF and kernel files' : 'kernel files'}`;

export function evidenceFigureText(value: number, unit: FigureUnit): string {
  if (Number.isNaN(value)) return '--';
  switch (unit) {
    case 'ms_per_second':
      return `${value.toFixed(0)} ms/s`;
    case 'percent':
      return `${value.toFixed(1)} %`;
    case 'per_second':
      return `${formatValue(value, 'ops_per_second')}/s`;
    case 'bytes_per_second':
      return `${formatValue(value, 'bytes_per_second')}/s`;
    case 'bytes':
      return formatValue(value, 'bytes');
    case 'count':
      return value === Number.POSITIVE_INFINITY ? 'max' : String(Math.round(value * 100) / 100);
  }
}

/** What is said to who asks about the root cgroup. */
export const WHOLE_MACHINE =
  '"/" is the whole machine, which has no neighbours: `tscg why` without a name tells who suffers';
