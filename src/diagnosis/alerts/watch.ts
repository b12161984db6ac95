/** Watches the Frames that a program takes for alerts: keeps their state, tells events of them, and runs their commands. */
import type { LogEvent } from '../../metrics/events.ts';
import type { Frame } from '../../metrics/source.ts';
import { withUnit } from '../condition.ts';
import { type AlertCommands, createAlertCommands } from './commands.ts';
import { type Alert, type AlertNews, alertsAfter, NO_ALERTS, networkNeeded } from './evaluate.ts';
import type { AlertRule } from './rule.ts';

export interface AlertWatch {
  /** What fired or cleared with this Frame, and what became of commands since the one before. */
  after(frame: Frame): readonly LogEvent[];
  /** The alerts that fire now. */
  firing(): readonly Alert[];
  /** Inodes whose network the next Frame must have. */
  networkOf(workloads: Frame['workloads']): readonly number[];
  close(): void;
}

/** `claimPath`: the file by which one program at a time runs the commands; without it they are not run. */
export function openAlertWatch(rules: readonly AlertRule[], claimPath?: string): AlertWatch {
  let state = NO_ALERTS;
  let failures: LogEvent[] = [];
  const commands: AlertCommands | undefined = claimPath
    ? createAlertCommands({
        claimPath,
        onFailure: (news, why) => {
          failures.push({ ...eventOf(news), time: Date.now(), text: `the command of ${news.alert.rule.text}: ${why}` });
        },
      })
    : undefined;
  return {
    after: (frame) => {
      const { state: next, news } = alertsAfter(state, rules, frame);
      state = next;
      for (const one of news) commands?.run(one);
      const told = [...failures, ...news.map(eventOf)];
      failures = [];
      return told;
    },
    networkOf: (workloads) => networkNeeded(rules, workloads),
    close: () => commands?.close(),
    firing: () => [...state.values()].filter(({ isFiring }) => isFiring),
  };
}

function eventOf({ what, alert, time }: AlertNews): LogEvent {
  const { rule, workload, value } = alert;
  const { name, path } = workload;
  const figure =
    what === 'ended'
      ? 'it is gone, or has another name'
      : `it is ${withUnit(value, rule.condition.of.metric?.unit ?? 'percent')}`;
  return { time, kind: 'alert', name, path, text: `${what}: ${rule.text}; ${figure}` };
}
