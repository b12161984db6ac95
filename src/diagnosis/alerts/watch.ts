/** Watches the Frames that a program takes for alerts: keeps their state, tells events of them, and runs their commands. */

import type { LogEvent } from '../../metrics/events.ts';
import type { Frame } from '../../metrics/source.ts';
import { withUnit } from '../condition.ts';
import { type AlertCommands, createAlertCommands } from './commands.ts';
import { type Alert, type AlertNews, alertsAfter, MOST_ALERTS, NO_ALERTS, networkNeeded } from './evaluate.ts';
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
  /** Whether it was told that there are too many, and they have not become far fewer since. */
  let isFull = false;
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
      const { state: next, news, leftOut } = alertsAfter(state, rules, frame);
      state = next;
      for (const one of news) commands?.run(one);
      const told = [...failures, ...news.map(eventOf)];
      if (leftOut > 0 && !isFull) told.push(tooMany(leftOut, frame));
      isFull = leftOut > 0 || (isFull && state.size > MOST_ALERTS / 2);
      failures = [];
      return told;
    },
    networkOf: (workloads) => networkNeeded(rules, workloads),
    close: () => commands?.close(),
    firing: () => [...state.values()].filter(({ isFiring }) => isFiring),
  };
}

const tooMany = (leftOut: number, { usage }: Frame): LogEvent => ({
  ...{ time: usage.snapshot.wall, kind: 'alert', name: '/', path: '/' },
  text: `${MOST_ALERTS} alerts at once, and ${leftOut} more that are left out: have the rules in config.yaml mean fewer workloads, or higher figures`,
});

function eventOf({ what, alert, time }: AlertNews): LogEvent {
  const { rule, workload, value } = alert;
  const { name, path } = workload;
  const figure =
    what === 'ended'
      ? 'it is gone, or has another name'
      : `it is ${withUnit(value, rule.condition.of.metric?.unit ?? 'percent')}`;
  return { time, kind: 'alert', name, path, text: `${what}: ${rule.text}; ${figure}` };
}
