/** Which events ring or flash, as the user has chosen, beside their line among the events. */

import type { LogEvent } from '../metrics/events.ts';

export const isAlarming = ({ kind }: LogEvent): boolean => kind === 'oom' || kind === 'pids.max' || kind === 'alert';
