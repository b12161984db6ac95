/** The policy file of tscg apply; while it is watched, read again each time that it changes. */

import { readFileSync } from 'node:fs';
import { foreignHand } from '../kernel/foreign-hand.ts';
import type { Machine } from '../kernel/machine.ts';
import { type Policy, PolicyError, readPolicy } from '../limits/policy/read.ts';
import { clean } from '../text/clean.ts';
import { errorText } from '../text/error-text.ts';
import { errorLine, UsageError } from './errors.ts';
import { warn } from './output.ts';

/**
 * The text itself is looked at, which no swapped link on the way (a Kubernetes ConfigMap), lost event or clock hides.
 * Editors write a file in several steps: it counts once two looks found the same.
 */
const LOOK_MS = 250;

/** Whoever can change the file decides what root writes: that is warned of, but the file is used, as it was named. */
function warnOfForeignHand(file: string, tell = warn): void {
  const hand = file === '-' ? undefined : foreignHand(file);
  if (hand && process.geteuid?.() === 0)
    tell(`warning: ${clean(hand.path)} ${hand.how}: whoever can change the policy decides what root writes`);
}

/** `-` is standard input. Throws UsageError with a line for each fault: its place, key and the nearest word. */
export function readPolicyFile(file: string, machine: Machine): Policy {
  warnOfForeignHand(file);
  return policyOf(textOf(file), file, machine);
}

function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read the policy: ${errorText(error)}`);
  }
}

function policyOf(text: string, file: string, machine: Machine): Policy {
  try {
    return readPolicy(text, { file: file === '-' ? '(standard input)' : file, machine });
  } catch (error) {
    throw error instanceof PolicyError ? new UsageError(error.message) : error;
  }
}

export interface PolicyWatch {
  /** The policy as it last was without a fault. */
  now(): Policy;
  /** Called each time that another policy comes into force. */
  onChange(listener: () => void): void;
  close(): void;
}

/** A fault is told and changes nothing. Throws UsageError as readPolicyFile does. */
export function watchPolicyFile(file: string, machine: Machine, tell: (text: string) => void = warn): PolicyWatch {
  warnOfForeignHand(file, tell);
  let seen = textOf(file);
  let last = seen;
  let policy = policyOf(seen, file, machine);
  let listener = (): void => {};
  const look = (): void => {
    let text = '';
    let fault: unknown;
    try {
      text = textOf(file);
    } catch (error) {
      fault = error;
    }
    const now = fault === undefined ? text : String(fault);
    const hasRested = now === last;
    last = now;
    if (!hasRested || now === seen) return;
    seen = now;
    try {
      if (fault !== undefined) throw fault;
      policy = policyOf(text, file, machine);
      listener();
    } catch (error) {
      tell(`${errorLine('tscg', error)}\ntscg: the policy stays in force as it was`);
    }
  };
  const timer = file === '-' ? undefined : setInterval(look, LOOK_MS);
  return {
    now: () => policy,
    onChange: (given) => {
      listener = given;
    },
    close: () => clearInterval(timer),
  };
}
