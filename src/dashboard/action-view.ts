/** The forms that change something: whom by name, path and inode, what would be written, and what may go wrong. */

import { constants } from 'node:os';
import { LIMITS } from '../limits/catalogue/catalogue.ts';
import { cut } from '../text/cells.ts';
import { counted } from '../text/counted.ts';
import type { ActionForm, ConfirmForm, KillForm, LimitsForm } from './modal.ts';
import {
  type FormView,
  type Gone,
  headed,
  NONE_GONE,
  planLines,
  riskLines,
  targetLines,
  titleLines,
} from './plan-lines.ts';
import { reclaimView } from './reclaim-form.ts';
import { type Line, windowAround, wrapped } from './style.ts';
import { trialView } from './trial-form.ts';
import { undoView } from './undo-form.ts';

/** The signals to choose from. The first is the gentlest that ends a process. */
export const SIGNAL_CHOICES: readonly { readonly name: keyof typeof constants.signals; readonly help: string }[] = [
  { name: 'SIGTERM', help: 'please end' },
  { name: 'SIGKILL', help: 'all of it at once, through cgroup.kill; cannot be refused' },
  { name: 'SIGINT', help: 'as Ctrl-C' },
  { name: 'SIGHUP', help: 'hang up; many daemons reload' },
  { name: 'SIGQUIT', help: 'end with a core dump or a stack trace' },
  { name: 'SIGSTOP', help: 'stop; SIGCONT goes on (z freezes better: nothing inside can see it)' },
  { name: 'SIGCONT', help: 'go on' },
  { name: 'SIGUSR1', help: 'of the program' },
  { name: 'SIGUSR2', help: 'of the program' },
];

const ALL_FIELDS = LIMITS.flatMap((limit) => limit.flags.map((flag) => ({ limit, flag })));

/** Fields of the limits form: every flag of the catalogue with its file, those first that are wanted in a hurry. */
export const FIELDS = [
  ...ALL_FIELDS.filter(({ flag }) => flag.isFirst),
  ...ALL_FIELDS.filter(({ flag }) => !flag.isFirst),
];

/** `gone`: targets that have ended meanwhile. */
export function actionView(form: ActionForm, height: number, width: number, gone: Gone = NONE_GONE): FormView {
  switch (form.kind) {
    case 'limits':
      return limitsView(form, height, width, gone);
    case 'kill':
      return killView(form, height, width, gone);
    case 'reclaim':
      return reclaimView(form, height, width, gone);
    case 'undo':
      return undoView(form, height, width, gone);
    case 'confirm':
      return confirmView(form, height, width, gone);
    case 'trial':
      return trialView(form, height, width, gone);
  }
}

function limitsView(form: LimitsForm, height: number, width: number, gone: Gone): FormView {
  const { targets, missing, plan, fault, force, top } = form;
  // The values of one alone can stand beside the fields.
  const whose = targets.length > 1 ? `, as ${targets[0]?.name} has them now` : '';
  const title = `Limits of ${counted(targets.length, 'row')}${whose}`;
  const head = [
    ...titleLines(title, '↑↓ field  type a value  Enter applies  Esc back', height, width),
    ...targetLines(targets, gone),
  ];
  const marked = FIELDS[form.index];
  const reason = missing.get(marked?.limit.file ?? '');
  const change = fault
    ? wrapped([[`  ${fault}`, 'critical']], width)
    : plan
      ? planLines(plan, force, width)
      : wrapped([[`  ${reason ?? 'nothing typed yet: a limit not named is not touched'}`, 'dim']], width);
  const help = marked?.flag.help ?? '';
  const hasRoom = HELP_FROM + help.length <= width;
  const foot = [...change, ...(hasRoom ? [] : wrapped([[`  ${help}`, 'title']], width))];
  const room = Math.max(1, height - head.length - Math.min(foot.length, Math.ceil((height * 2) / 3)));
  const first = windowAround(form.index, room, FIELDS.length);
  const fields = FIELDS.slice(first, first + room).map((_, at) => fieldLine(form, first + at, width));
  return headed([...head, ...fields], foot, top, height);
}

/** Below this width what is typed has less room; below the next one the name of the flag has, too. */
const NARROW = 70;
const NARROWEST = 36;
const FLAG_CELLS = 22;
const TYPED_CELLS = 16;
const NOW_CELLS = 23;
/** Where the help of a field begins beside it. */
const HELP_FROM = FLAG_CELLS + TYPED_CELLS + NOW_CELLS;

function fieldLine({ current, values, index }: LimitsForm, at: number, width: number): Line {
  const field = FIELDS[at];
  if (!field) return [];
  const { limit, flag } = field;
  const now = current.get(limit.file);
  const describe = flag.describe ?? limit.describe;
  const shown = now === undefined ? '--' : describe(now, (file) => current.get(file));
  const typed = values.get(flag.long) ?? '';
  const isHere = at === index;
  const value = isHere ? `${typed}▏` : typed;
  const flagCells = width < NARROWEST ? FLAG_CELLS / 2 : FLAG_CELLS;
  const label = cut(`${isHere ? '▸ ' : '  '}${flag.long.slice(2)}`, flagCells - 1);
  return [
    [label.padEnd(flagCells), isHere ? 'title' : 'plain'],
    [
      value.padEnd(width < NARROW ? TYPED_CELLS / 2 : TYPED_CELLS),
      typed === '' ? (isHere ? 'accent' : 'dim') : 'accent',
    ],
    [cut(shown, NOW_CELLS - 1).padEnd(NOW_CELLS), 'dim'],
    [flag.help, 'dim'],
  ];
}

function killView(form: KillForm, height: number, width: number, gone: Gone): FormView {
  const { targets, processes, index, force, risks, top } = form;
  const rows = targets.length === 1 ? 'this row' : `these ${targets.length} rows`;
  const head: Line[] = [
    ...titleLines(
      `Signal ${counted(processes, 'process', 'processes')} of ${rows}`,
      '↑↓ signal  Enter sends  Esc back',
      height,
      width,
    ),
    ...targetLines(targets, gone),
  ];
  const rest = riskLines(risks, force, width);
  const room = Math.max(1, height - head.length - Math.min(rest.length, Math.ceil(height / 2)));
  const first = windowAround(index, room, SIGNAL_CHOICES.length);
  const signals = SIGNAL_CHOICES.slice(first, first + room).map(({ name, help }, at): Line => {
    const isMarked = first + at === index;
    const text = `${String(constants.signals[name]).padStart(2)} ${name.padEnd(9)} ${help}`;
    return [[`${isMarked ? '▸ ' : '  '}${text}`, isMarked ? 'selected' : 'plain']];
  });
  return headed([...head, ...signals], rest, top, height);
}

const TITLES = {
  freeze: 'Freeze: nothing in it runs until it is thawed',
  thaw: 'Thaw',
} as const;

function confirmView(form: ConfirmForm, height: number, width: number, gone: Gone): FormView {
  const { what, targets, plan, force, top } = form;
  const head: Line[] = [
    ...titleLines(TITLES[what], 'Enter does it  Esc back', height, width),
    ...targetLines(targets, gone),
    ...(plan.writes.length === 0 ? [[['  nothing to change', 'dim']] satisfies Line] : []),
  ];
  return headed(head, planLines(plan, force, width), top, height);
}
