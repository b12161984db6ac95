/** What calls for the alarm that the user has chosen, beside its line in the events. */
import type { LogEvent } from '../metrics/events.ts';

export const isAlarming = ({ kind }: LogEvent): boolean => kind === 'oom' || kind === 'pids.max' || kind === 'alert';
