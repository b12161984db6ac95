/**
 * A rule of alerts, which is text in the `alerts:` part of config.yaml:
 *
 *     web.cpu_wait > 20 for 30s              time lost to a cause, in percent
 *     *.memory_of_limit_percent > 95 until 80
 *     /batch.slice.memory_bytes >= 4G        a metric (tscg metrics lists them) of a cgroup by its path
 *
 * An alert fires when the comparison has held for the time after `for`, and clears when it has not held for as long. With
 * `until` it clears when the comparison with the value after `until` has not held for as long.
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
  /** Milliseconds for which the comparison must hold before the alert fires, and not hold before it clears. */
  readonly forMs: number;
  /** The value of the comparison by which a firing alert clears: `limit` of the condition where the rule gives no other. */
  readonly until: number;
  readonly command?: AlertCommand;
}

/** A program and its arguments, or a text for sh. */
export type AlertCommand = string | readonly string[];

const SHAPE = /^(.*?\S)((?:\s+(?:for|until)\s+\S+)*)\s*$/;
const CLAUSE = /(for|until)\s+(\S+)/g;

/** Throws ConditionError, BadValueError. */
export function parseAlertRule(text: string, command?: AlertCommand): AlertRule {
  const [, compared = text, clauses = ''] = SHAPE.exec(text) ?? [];
  const { for: duration, until } = clausesIn(clauses);
  const condition = parseCondition(compared, COARSE_CAUSES);
  const { name, of, limit } = condition;
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

/** `for 30s until 10`, in either order. Throws ConditionError. */
function clausesIn(text: string): { readonly [word: string]: string | undefined } {
  const clauses = new Map<string, string>();
  for (const [, word = '', value = ''] of text.matchAll(CLAUSE)) {
    if (clauses.has(word)) throw new ConditionError(`${word} is given twice: ${clauses.get(word)} and ${value}`);
    clauses.set(word, value);
  }
  return Object.fromEntries(clauses);
}
