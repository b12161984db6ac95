/**
 * The shapes of a dashboard file and of the settings: what is checked when one is read, and the JSON Schemas that editors
 * complete and check with (dashboards/schema.json, config.schema.json), which `npm run docs` makes.
 */

import { type ConversionConfig, toJsonSchema } from '@valibot/to-json-schema';
import * as v from 'valibot';
import { parseAlertRule } from '../diagnosis/alerts/rule.ts';
import { findField, ROW_FIELDS } from '../diagnosis/fields.ts';
import { GROUPINGS } from '../metrics/grouping.ts';
import { errorText } from '../text/error-text.ts';
import { GRID } from './area.ts';
import { CPU_SCALES, MEMORY_DEFINITIONS } from './columns.ts';
import { THEME_NAMES } from './names.ts';
import type { Pane } from './pane.ts';
import { ALARMS } from './state.ts';
import { mapOf, oneOf, onOrOff } from './yaml-file.ts';

const noMetric = ({ input }: { readonly input: unknown }): string => `no metric "${String(input)}"`;

const METRIC_NAME = v.string(noMetric);
/** A metric by its id or an alias; becomes the id. */
const METRIC = v.pipe(
  METRIC_NAME,
  v.check((name) => findField(name) !== undefined, noMetric),
  v.transform((name) => findField(name)?.id ?? name),
);
const SORT = v.union([v.literal('name'), METRIC], noMetric);

const text = v.string('not text');
const optional = <Schema extends v.GenericSchema>(schema: Schema, help: string) =>
  v.optional(v.pipe(schema, v.description(help)));
const metricList = v.array(METRIC, 'not a list of metrics');

const AT_TEXT = `not [top, left, rows, columns] within a grid of ${GRID} x ${GRID}`;
const edge = (least: number) =>
  v.pipe(v.number(AT_TEXT), v.integer(AT_TEXT), v.minValue(least, AT_TEXT), v.maxValue(GRID, AT_TEXT));
const PLACE = v.pipe(
  v.strictTuple([edge(0), edge(0), edge(1), edge(1)], AT_TEXT),
  v.check(([top, left, rows, columns]) => top + rows <= GRID && left + columns <= GRID, AT_TEXT),
  v.description(`top, left, rows, columns of a grid of ${GRID} x ${GRID}`),
);

/** What `show` may be. */
const cellKeys = (panes: readonly Pane[]): readonly string[] => ['table', ...panes.map(({ key }) => key), 'chart'];

export const dashboardShape = (panes: readonly Pane[]) =>
  v.pipe(
    mapOf(
      {
        title: v.optional(text),
        columns: optional(metricList, 'of the table, in their order'),
        sort: v.optional(SORT),
        grouping: v.optional(oneOf(GROUPINGS)),
        filter: optional(text, 'plain text or a query: cpu > 50 and image ~ redis'),
        details: optional(onOrOff, 'the selected row in the whole window'),
        cells: v.optional(
          v.array(
            v.pipe(
              mapOf(
                {
                  show: oneOf(cellKeys(panes)),
                  at: PLACE,
                  metrics: optional(metricList, 'of a chart'),
                  suspects: optional(onOrOff, 'a chart also shows what the suspects of the selected row use'),
                },
                'not a map of show, at, metrics and suspects',
              ),
              v.check(({ show, metrics = [] }) => show !== 'chart' || metrics.length > 0, 'a chart needs metrics'),
            ),
            'not a list of cells',
          ),
        ),
      },
      'not a map of title, columns, sort, cells',
    ),
    v.title('A screen of tstop'),
    v.description('dashboards/*.yaml, and a user’s own in ~/.config/tscg/dashboards/'),
  );

const columnList = v.pipe(metricList, v.minLength(1, 'not a list of metrics'));

/** The `tstop:` part of config.yaml. */
export const SETTINGS = mapOf(
  {
    columns: optional(
      v.union(
        [columnList, v.record(v.string(), columnList)],
        'not a list of metrics, nor a map of screens to such lists',
      ),
      'of the table, by name of the screen; a list by itself is the first screen’s',
    ),
    memory: optional(oneOf(MEMORY_DEFINITIONS.map(({ metric }) => metric)), 'the definition of memory that is shown'),
    cpu: optional(oneOf(CPU_SCALES.map(({ scale }) => scale)), 'what 100 % of CPU is'),
    theme: v.optional(oneOf(THEME_NAMES)),
    alarm: optional(oneOf(ALARMS), 'at an OOM kill, a full pids.max or an alert'),
    mouse: optional(onOrOff, 'on: click a row, turn the wheel'),
    ascii: optional(onOrOff, 'no characters beyond ASCII'),
  },
  'not a map of settings',
);

/** The kernel ends an argument and a variable of the environment at a NUL. */
const hasNoNul = v.check((given: string) => !given.includes('\0'), 'a NUL character cannot be given to a command');

const RULE = v.pipe(
  v.string('not a rule; give one as web.cpu_wait > 20 for 30s'),
  hasNoNul,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      parseAlertRule(dataset.value);
    } catch (error) {
      addIssue({ message: errorText(error) });
    }
  }),
);

/** Each rule is compared with all that it means, at each moment. */
const MOST_RULES = 1000;

/** The `alerts:` part of config.yaml. */
export const ALERTS = v.pipe(
  v.array(
    mapOf(
      {
        when: v.pipe(RULE, v.description('web.cpu_wait > 20 for 30s until 10: docs/alerts.md')),
        run: optional(
          v.union(
            [
              v.pipe(text, v.minLength(1, 'empty'), hasNoNul),
              v.pipe(v.array(v.pipe(text, hasNoNul)), v.minLength(1, 'empty')),
            ],
            'not a command: a text for sh, or a list of a program and its arguments',
          ),
          'the command that is run when it fires and when it clears',
        ),
      },
      'not a map of when and run',
    ),
    'not a list of rules',
  ),
  v.maxLength(
    MOST_RULES,
    ({ input }) =>
      `${input.length} rules, and at most ${MOST_RULES} are taken; a glob as *.pids is one rule for many workloads`,
  ),
);

export const CONFIG = v.pipe(
  mapOf({ tstop: v.optional(SETTINGS), alerts: v.optional(ALERTS) }, 'not a map of tstop and alerts'),
  v.title('Settings of tscg and tstop'),
);

/** An alias is taken when a file is read, and not offered. */
const OPTIONS: ConversionConfig = {
  target: 'draft-2020-12',
  typeMode: 'input',
  ignoreActions: ['check', 'raw_check', 'transform'],
  overrideSchema: ({ valibotSchema }) =>
    valibotSchema === METRIC_NAME || valibotSchema === METRIC ? { enum: ROW_FIELDS.map(({ id }) => id) } : undefined,
};

export const dashboardJsonSchema = (panes: readonly Pane[]): object => toJsonSchema(dashboardShape(panes), OPTIONS);

export const settingsJsonSchema = (): object => toJsonSchema(CONFIG, OPTIONS);
