/**
 * A rule of the `alerts:` part of config.yaml, as text:
 *
 *     web.cpu_wait > 20 for 30s              time lost to a cause, in percent
 *     *.memory_of_limit_percent > 95 until 80
 *     /batch.slice.memory_bytes >= 4G        a metric (tscg metrics lists them) of a cgroup by its path
 *
 * It fires when the comparison has held for that long, and clears when it has not held for as long; with `until`, when the
 * figure has been on the other side of that.
 */
import { parseDuration } from '../../limits/catalogue/units.ts';
import { compileMatch, type Matcher } from '../../limits/policy/match.ts';
import { type Condition, ConditionError, figureTyped, isMet, parseCondition } from '../condition.ts';
import { COARSE_CAUSES } from '../verdict.ts';

export interface AlertRule {
  /** As typed. */
  readonly text: string;
  readonly condition: Condition;
  readonly isAbout: Matcher;
  /** Milliseconds for which it holds before it fires, and does not hold before it clears. */
  readonly forMs: number;
  /** It clears where the comparison with this does not hold. */
  readonly until: number;
  readonly command?: AlertCommand;
}

/** A program and its arguments, or a text for sh. */
export type AlertCommand = string | readonly string[];

const SHAPE = /^(.*?\S)(?:\s+for\s+(\S+))?(?:\s+until\s+(\S+))?\s*$/;

/** Throws ConditionError, BadValueError. */
export function parseAlertRule(text: string, command?: AlertCommand): AlertRule {
  const [, compared = text, duration, until] = SHAPE.exec(text) ?? [];
  const condition = parseCondition(compared);
  const { name, of, limit } = condition;
  if (of.cause && !COARSE_CAUSES.includes(of.cause))
    throw new ConditionError(`${condition.figure} takes a closer look, which an alert is not made of`);
  const clearing = until === undefined ? limit : figureTyped(until, of.metric?.unit ?? 'percent');
  if (clearing !== limit && isMet(condition, clearing))
    throw new ConditionError(
      `until ${until}: it would clear where it fires; give a value on the other side of the limit`,
    );
  return {
    ...{ text, condition, until: clearing },
    isAbout: compileMatch(name.startsWith('/') ? { path: name } : { name }),
    forMs: duration === undefined ? 0 : parseDuration(duration, 's') / 1000,
    ...(command === undefined ? {} : { command }),
  };
}
