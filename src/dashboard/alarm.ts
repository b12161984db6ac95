/** What an OOM kill or a full pids.max does beside its line in the events, by the user's choice. */
import type { LogEvent } from '../metrics/events.ts';
import type { Alarm, FooterMessage } from './state.ts';

export interface AlarmOptions {
  readonly choice: () => Alarm;
  readonly ring: () => void;
  readonly tell: (message: FooterMessage) => void;
  readonly redraw: () => void;
}

export interface Alarms {
  see(events: readonly LogEvent[]): void;
  /** The header is reversed for a moment; what it was stays in the footer until the next key. */
  isFlashing(): boolean;
}

const FLASH_MS = 1000;

const isAlarming = ({ kind }: LogEvent): boolean => kind === 'oom' || kind === 'pids.max';

export function createAlarms({ choice, ring, tell, redraw }: AlarmOptions): Alarms {
  let until = 0;
  return {
    see: (events) => {
      const alarming = events.filter(isAlarming);
      if (alarming.length === 0) return;
      const alarm = choice();
      if (alarm === 'bell' || alarm === 'both') ring();
      if (alarm !== 'flash' && alarm !== 'both') return;
      tell({ text: alarming.map(({ name, text }) => `${name}: ${text}`).join('; '), style: 'critical' });
      until = Date.now() + FLASH_MS;
      setTimeout(redraw, FLASH_MS).unref();
    },
    isFlashing: () => Date.now() < until,
  };
}
