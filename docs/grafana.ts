/** Dashboards of Grafana and rules of Prometheus, from the families that `tscg export` serves and the causes of a verdict. */

import { stringify } from 'yaml';
import { CAUSES, type Cause } from '../src/diagnosis/model.ts';
import { COARSE_CAUSES } from '../src/diagnosis/verdict.ts';
import { FAMILIES, type Family } from '../src/export/families.ts';

const sampleOf = ({ name, type }: Pick<Family, 'name' | 'type'>): string =>
  type === 'counter' ? `${name}_total` : name;

const yamlText = (head: string, value: unknown): string => `# ${head}\n${stringify(value, { lineWidth: 0 })}`;

/** A rate of each counter, so that a table of many machines costs a store little. */
export const recordingRules = (): string =>
  yamlText('Made by `npm run docs`. Rates over five minutes of each counter that tscg export serves.', {
    groups: [
      {
        name: 'tscg-rates',
        interval: '1m',
        rules: FAMILIES.filter(({ type }) => type === 'counter').map((family) => ({
          record: `workload:${family.name}:rate5m`,
          expr: `rate(${sampleOf(family)}[5m])`,
        })),
      },
    ],
  });

const WHERE = '{{ $labels.name }} on {{ $labels.instance }}';
/** Of the time lost: from where on somebody is to look. */
const LOSS = 0.2;
const LASTS = '5m';

const pascal = (code: string): string => code.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());

const withoutClock = (code: Cause): boolean => code === 'pids';

const alert = (name: string, expr: string, severity: string, summary: string, description: string, wait = LASTS) => ({
  alert: name,
  expr,
  ...(wait === '0s' ? {} : { for: wait }),
  labels: { severity },
  annotations: { summary, description },
});

/** One alert a cause that a scrape can tell, and those of limits that are nearly reached. */
export function alertRules(): string {
  const verdicts = CAUSES.filter(({ code }) => code !== 'fine' && COARSE_CAUSES.includes(code)).map(({ code, help }) =>
    alert(
      `Tscg${pascal(code)}`,
      withoutClock(code)
        ? `tscg_verdict{verdict="${code}"} == 1`
        : `tscg_verdict_loss_ratio{verdict="${code}"} > ${LOSS}`,
      'warning',
      `${WHERE}: ${help}`,
      `${withoutClock(code) ? '' : 'It loses {{ $value | humanizePercentage }} of the time. '}There, tscg why '{{ $labels.name }}' tells who causes it and what would help.`,
    ),
  );
  return yamlText('Made by `npm run docs`. Alerts on what tscg export serves; change thresholds in a copy.', {
    groups: [
      { name: 'tscg-verdicts', rules: verdicts },
      {
        name: 'tscg-limits',
        rules: [
          alert(
            'TscgOomKill',
            'increase(tscg_memory_oom_kills_total[10m]) > 0',
            'critical',
            `${WHERE}: the OOM killer ended processes in it`,
            "There, tscg get '{{ $labels.name }}' tells the limit that binds.",
            '0s',
          ),
          alert(
            'TscgMemoryNearLimit',
            'tscg_memory_of_limit_ratio > 0.95',
            'warning',
            `${WHERE}: {{ $value | humanizePercentage }} of its memory limit is in use`,
            "There, tscg get '{{ $labels.name }}' tells the limit that binds; it may be one around it.",
            '10m',
          ),
          alert(
            'TscgTasksNearLimit',
            'container_threads / (tscg_pids_limit < +Inf) > 0.9',
            'warning',
            `${WHERE}: {{ $value | humanizePercentage }} of the tasks that it may have`,
            'At the limit its forks fail.',
          ),
          alert(
            'TscgWorkloadsLeftOut',
            'tscg_workloads_left_out > 0',
            'warning',
            '{{ $labels.instance }}: {{ $value }} cgroups are not exported',
            'There are more than the exporter takes.',
          ),
        ],
      },
    ],
  });
}

interface Panel {
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly unit?: string;
  readonly targets: readonly { readonly expr: string; readonly legend: string; readonly instant?: boolean }[];
  readonly width: number;
}

const HEIGHT = 8;
const COLUMNS = 24;
const DATASOURCE = { type: 'prometheus', uid: '$datasource' };

/** As Grafana calls the unit of what a query gives. */
function grafanaUnit({ type, unit, name }: Pick<Family, 'type' | 'unit' | 'name'>): string {
  if (unit === 'seconds' && type === 'counter') return 'percentunit';
  if (unit === 'bytes' || name.startsWith('container_memory_')) return type === 'counter' ? 'Bps' : 'bytes';
  if (unit === 'ratio') return 'percentunit';
  return type === 'counter' ? 'cps' : 'short';
}

/** Panels from left to right, a new line where one does not fit. */
function placed(panels: readonly Panel[]) {
  let [x, y] = [0, 0];
  return panels.map(({ title, type, description, unit, targets, width }, index) => {
    if (x + width > COLUMNS) [x, y] = [0, y + HEIGHT];
    const gridPos = { x, y, w: width, h: HEIGHT };
    x += width;
    return {
      id: index + 1,
      title,
      type,
      ...(description ? { description } : {}),
      datasource: DATASOURCE,
      gridPos,
      fieldConfig: { defaults: { ...(unit ? { unit } : {}) }, overrides: [] },
      targets: targets.map(({ expr, legend, instant }, at) => ({
        refId: String.fromCharCode('A'.charCodeAt(0) + at),
        datasource: DATASOURCE,
        expr,
        legendFormat: legend,
        ...(instant ? { instant: true, range: false, format: 'table' } : {}),
      })),
    };
  });
}

const variable = (name: string, label: string, query: string, multi: boolean) => ({
  name,
  label,
  type: 'query',
  datasource: DATASOURCE,
  query: { query, refId: name },
  refresh: 2,
  sort: 1,
  multi,
  includeAll: multi,
  ...(multi ? { allValue: '.*', current: { text: 'All', value: '$__all' } } : {}),
});

const dashboardText = (
  uid: string,
  title: string,
  description: string,
  variables: readonly ReturnType<typeof variable>[],
  panels: readonly Panel[],
): string =>
  `${JSON.stringify(
    {
      uid,
      title,
      description: `${description} Made by \`npm run docs\` of tscg.`,
      tags: ['tscg'],
      schemaVersion: 38,
      version: 1,
      editable: true,
      timezone: 'browser',
      refresh: '30s',
      time: { from: 'now-1h', to: 'now' },
      templating: {
        list: [{ name: 'datasource', label: 'Store', type: 'datasource', query: 'prometheus' }, ...variables],
      },
      panels: placed(panels),
    },
    undefined,
    2,
  )}\n`;

const MACHINE = variable('instance', 'Machine', 'label_values(tscg_workloads, instance)', true);
const AT = 'instance=~"$instance"';
const TOP = 15;
const NAMED = '{{instance}} {{name}}';

const top = (title: string, expr: string, unit: string): Panel => ({
  title,
  type: 'timeseries',
  unit,
  targets: [{ expr: `topk(${TOP}, ${expr})`, legend: NAMED }],
  width: 12,
});

/** Every machine at once: who is slow, and who uses most. */
export const fleetDashboard = (): string =>
  dashboardText(
    'tscg-fleet',
    'tscg: all machines',
    'Who is slow, and who uses most, on every machine.',
    [MACHINE],
    [
      {
        title: 'Who is slow, and why',
        type: 'table',
        description: 'Share of the time lost, by verdict.',
        unit: 'percentunit',
        targets: [
          {
            expr: `sort_desc(max by (instance, name, kind, verdict) (tscg_verdict_loss_ratio{${AT},verdict!="fine"}))`,
            legend: '',
            instant: true,
          },
        ],
        width: COLUMNS,
      },
      top('Time lost', `tscg_verdict_loss_ratio{${AT},verdict!="fine"}`, 'percentunit'),
      top('CPU', `rate(container_cpu_usage_seconds_total{${AT},kind!="root"}[$__rate_interval])`, 'percentunit'),
      top('Memory', `container_memory_working_set_bytes{${AT},kind!="root"}`, 'bytes'),
      top('Memory of its limit', `tscg_memory_of_limit_ratio{${AT}}`, 'percentunit'),
      top('Throttled', `rate(container_cpu_cfs_throttled_seconds_total{${AT}}[$__rate_interval])`, 'percentunit'),
      ...['cpu', 'memory', 'io'].map((resource) =>
        top(
          `Waiting for ${resource}`,
          `rate(container_pressure_${resource}_waiting_seconds_total{${AT},kind!="root"}[$__rate_interval])`,
          'percentunit',
        ),
      ),
      top(
        'Disk',
        `rate(tscg_io_read_bytes_total{${AT}}[$__rate_interval]) + rate(tscg_io_write_bytes_total{${AT}}[$__rate_interval])`,
        'Bps',
      ),
      top('OOM kills', `increase(tscg_memory_oom_kills_total{${AT}}[$__range]) > 0`, 'short'),
    ],
  );

/** One workload: a panel for each family. */
export const workloadDashboard = (): string =>
  dashboardText(
    'tscg-workload',
    'tscg: one workload',
    'All that tscg export serves of a workload.',
    [
      variable('instance', 'Machine', 'label_values(tscg_workloads, instance)', false),
      variable('name', 'Workload', 'label_values(tscg_workload_info{instance="$instance"}, name)', false),
    ],
    FAMILIES.map((family): Panel => {
      const series = `${sampleOf(family)}{instance="$instance",name="$name"}`;
      return {
        title: family.name.replace(/^(tscg|container)_/, '').replaceAll('_', ' '),
        type: 'timeseries',
        description: family.help,
        unit: grafanaUnit(family),
        targets: [
          {
            expr: family.type === 'counter' ? `rate(${series}[$__rate_interval])` : series,
            legend: family.tag ? `{{${family.tag[0]}}}` : '{{id}}',
          },
        ],
        width: 8,
      };
    }),
  );
