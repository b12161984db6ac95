/**
 * Makes the documents and schemas that repeat a table of the code: `npm run docs`. test/docs.test.ts fails when one of them is stale.
 *
 *     node --import tsx docs/generate.ts
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Page, type Section, type Term, tscgManual, tstopManual } from '../src/cli/manual.ts';
import { buildTscg } from '../src/cli/tscg-program.ts';
import { PANES } from '../src/dashboard/panes.ts';
import { dashboardJsonSchema, settingsJsonSchema } from '../src/dashboard/shape.ts';
import { ROW_FIELDS } from '../src/diagnosis/fields.ts';
import { FAMILIES } from '../src/export/families.ts';
import { HOST_FAMILIES } from '../src/export/host-families.ts';
import { otelNameOf } from '../src/export/otlp.ts';
import { FACTS } from '../src/inventory/workload-facts.ts';
import { LIMITS } from '../src/limits/catalogue/catalogue.ts';
import { flagsOfProperty, PROPERTY_NAMES } from '../src/limits/catalogue/properties.ts';
import { FIELD_CASES } from './field-cases.ts';
import { alertRules, fleetDashboard, recordingRules, workloadDashboard } from './grafana.ts';
import { code, page, table } from './markdown.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MADE = '<!-- Made by `npm run docs`: change the tables it is made from, not this file. -->';

/** Path beneath the checkout, and the text. */
export function documents(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/commands.md', commands()],
    ['docs/field-cases.md', fieldCases()],
    ['docs/limits.md', limits()],
    ['docs/metrics.md', metrics()],
    ['docs/export.md', exported()],
    ['dashboards/grafana/recording-rules.yml', recordingRules()],
    ['dashboards/grafana/alerts.yml', alertRules()],
    ['dashboards/grafana/tscg-fleet.json', fleetDashboard()],
    ['dashboards/grafana/tscg-workload.json', workloadDashboard()],
    ['dashboards/schema.json', jsonText(dashboardJsonSchema(PANES))],
    ['dashboards/config.schema.json', jsonText(settingsJsonSchema())],
  ]);
}

/** For editors: a dashboard file names its schema in its first line. */
const jsonText = (schema: object): string => `${JSON.stringify(schema, undefined, 2)}\n`;

/** Characters that mean something in Markdown, in text that has no markup. */
const plain = (text: string): string => text.replace(/[*<`]/g, (character) => `\\${character}`);

function commands(): string {
  const elsewhere = new Set(['SYNOPSIS', 'LIMITS', 'METRICS', 'SEE ALSO']);
  const program = ({ name, purpose, sections }: Page, skipped: ReadonlySet<string>): string[] => [
    `## ${name}`,
    `${name}: ${purpose}.`,
    ...sections.filter(({ title }) => !skipped.has(title)).flatMap((section) => sectionBlocks(section, '###')),
  ];
  return page(
    MADE,
    '# Commands',
    'What `tscg man | man -l -` and `tscg man tstop | man -l -` show. The limits that `tscg set`, `try` and `run` take are in [limits.md](limits.md), the metrics in [metrics.md](metrics.md).',
    ...program(tscgManual(buildTscg()), elsewhere),
    ...program(tstopManual(), new Set([...elsewhere, 'ENVIRONMENT', 'DESCRIPTION'])),
  );
}

function sectionBlocks({ title, paragraphs = [], entries = [], parts = [] }: Section, heading: string): string[] {
  const name = /^[A-Z ]+$/.test(title) ? title.charAt(0) + title.slice(1).toLowerCase() : code(title);
  return [
    `${heading} ${name}`,
    ...paragraphs.map(plain),
    ...(entries.length > 0 ? [entries.map(({ term, text }) => `- ${termText(term)}: ${plain(text)}`).join('\n')] : []),
    ...parts.flatMap((part) => sectionBlocks(part, `${heading}#`)),
  ];
}

const termText = (term: Term): string =>
  code('flags' in term ? term.flags : 'word' in term ? term.word : `<${term.argument}>`);

/** A file or flag of the huge pages that this machine has, for every size. */
const anySize = (text: string): string => text.replace(/(hugetlb[.-])\d+[KMG]B/, '$1SIZE');

function limits(): string {
  const properties = (long: string): string =>
    PROPERTY_NAMES.filter((name) => flagsOfProperty(name).includes(long))
      .map(code)
      .join(' ');
  const groups = [...new Set(LIMITS.map(({ group }) => group))].flatMap((group) => {
    const rows = LIMITS.filter((limit) => limit.group === group).flatMap(({ file, flags }) =>
      flags.map(({ short, long, value, help }) => [
        code(anySize(file)),
        `${short ? `${code(short)} ` : ''}${code(`${anySize(long)} ${value}`)}`,
        properties(long),
        plain(help.replace(/ of \d+[KMG]B:/, ' of that size:')),
      ]),
    );
    const unique = [...new Map(rows.map((cells) => [cells.slice(0, 2).join(), cells])).values()];
    return [`## ${group}`, table(['kernel file', 'flag', 'property (`-p`)', 'meaning'], unique)];
  });
  return page(
    MADE,
    '# Limits',
    '`tscg set`, `try` and `run` take each limit as a flag of its own, as docker spells it, or as systemd does: `-p CPUQuota=20% -p MemoryMax=infinity`. A policy takes the flags without their dashes, or the properties.',
    [
      '- Sizes are powers of 1024, whatever the suffix. `max`, `infinity` and `-1` mean no limit.',
      '- 100% CPU is one CPU.',
      '- A disk is named by its node, a mount point, a directory or `MAJ:MIN`. The limit goes to the whole disk, or to each disk that it is made of; the plan says so.',
      '- A value is checked before anything is written, because the kernel takes some wrongly (`16E` as 0, `010` as 8). It is read back after the write.',
      '- A file that a kernel or a cgroup does not have is named with the reason and the command that helps.',
    ].join('\n'),
    ...groups,
  );
}

function metrics(): string {
  const rows = ROW_FIELDS.map(({ id, label, unit, help, formula, aliases = [] }) => [
    code(id),
    label,
    unit.replaceAll('_', ' '),
    plain(help),
    code(formula),
    aliases.map(code).join(' '),
  ]);
  return page(
    MADE,
    '# Metrics',
    'The id is the field of `--json` and `--csv`, and the name for `--sort` and `--columns`; an alias is taken there too. Δ is the change and Δt the time between two reads of that file. A metric that is not known is `--` on the screen and `null` in JSON; `tscg get NAME` says why. No limit is `max`.',
    `Before them a row of \`--json\`, \`--csv\` and \`tscg dump\` says what the workload is: ${Object.keys(FACTS).map(code).join(', ')}; in front of these the \`time\` where it is of the past, and the \`host\` where there are several. A filter compares them by the same names, and \`tscg export\` has them as labels, the path as \`id\`.`,
    table(['id', 'column', 'unit', 'meaning', 'formula', 'aliases'], rows),
  );
}

function exported(): string {
  const rows = [...FAMILIES, ...HOST_FAMILIES].map((family) => {
    const { name, type, unit = '', help } = family;
    const { name: sent, attribute } = otelNameOf(family);
    const otlp = `${code(sent)}${attribute ? ` ${attribute.join('=')}` : ''}`;
    return [code(type === 'counter' ? `${name}_total` : name), type, unit, plain(help), otlp];
  });
  return page(
    MADE,
    '# What `tscg export` serves',
    '`tscg export` listens on `127.0.0.1:9753` and answers `/metrics`, in OpenMetrics where the scraper asks for it. One scrape is one pass over all cgroups; scrapes within a second share one. What is gone leaves no series.',
    [
      "- A name is cadvisor's or the kubelet's where the meaning is exactly the same (`container_…`, `machine_…`), else ours (`tscg_…`).",
      '- The labels of each series are `id` (the path of the cgroup), `name` and `kind`, and `namespace`, `pod` and `container` where they are known. In Kubernetes set `honor_labels: true` in the scrape, and relabel `__meta_kubernetes_pod_node_name` to `instance`, so that the fleet view has nodes in place of the addresses of pods. `tscg_workload_info` has `owner`, `runtime`, `image`, `container_id`, `compose_project` and `compose_service` beside them: join it by `id`.',
      '- What is unavailable is absent. No limit is `+Inf`.',
      '- Containers, pods, machines, units and cgroups of nobody are exported, and the root; `--all` adds slices and what is inside of containers. Beyond 10,000 cgroups `tscg_workloads_left_out` counts the rest.',
      '- Figures that need two passes (ratios of use, the verdict) are over the time since the scrape before.',
      '- `/healthz` answers `ok` without a token. Beyond loopback a token is asked for; `--unprotected` goes without.',
      "- On loopback without token and TLS it answers only who asks for `localhost`, an address, or the machine's name, and others with 421: a web page can have a browser on the machine ask under the page's own name (DNS rebinding).",
      '- A connection is closed after its answer. 64 may be open; when one more comes, the one that has waited longest for its request is closed. An answer must be read within 30 s. Beyond loopback it is packed with gzip where the scraper asks for that, as Prometheus does.',
      '- `tscg export --once > DIR/tscg.prom` is for the textfile collector of node_exporter.',
    ].join('\n'),
    '    scrape_configs:\n      - job_name: tscg\n        static_configs: [{ targets: ["127.0.0.1:9753"] }]',
    '[dashboards/grafana](../dashboards/grafana) has dashboards of Grafana for [all machines](../dashboards/grafana/tscg-fleet.json) and for [one workload](../dashboards/grafana/tscg-workload.json), [recording rules](../dashboards/grafana/recording-rules.yml) and [alerts](../dashboards/grafana/alerts.yml). All are made from this table.',
    '## OTLP',
    [
      '`tscg export --otlp http://collector:4318` sends the same to a receiver of OpenTelemetry (OTLP over HTTP, in protobuf; `/v1/metrics` is added to the address) every `--interval`, in place of listening. VictoriaMetrics takes it too: `--otlp http://victoria:8428/opentelemetry`. So does a Prometheus that was built with its receiver, which the package of Debian is not, and is started with `--web.enable-otlp-receiver`: `--otlp http://prometheus:9090/api/v1/otlp`.',
    ].join('\n'),
    [
      '- `host.name` is the host name of the machine, or what `TSCG_HOST` says: the DaemonSet has the name of the node there.',
      "- A name is that of OpenTelemetry's conventions for containers where the meaning is the same (`container.…`), else ours (`tscg.…`): they have none for pressure, limits and verdicts.",
      '- Each workload is a resource: `host.name`, `service.name` (its name), `service.instance.id` (host and path), `container.id`, `container.name`, `container.image.name`, `container.runtime`, `k8s.namespace.name`, `k8s.pod.name`, `k8s.container.name`, and `tscg.cgroup.path`, `tscg.kind`, `tscg.owner` and `tscg.compose.…`.',
      '- Counters are cumulative, and say since when they count: since the first pass that saw the cgroup, or, of one that came later, since the pass before. A counter that fell counts anew. No limit is `Infinity`; what is unavailable has no point.',
      '- A request that was not taken (no connection, 429, 502, 503, 504) is sent again until the next one is due, and then left out: its counters are in the next one. That costs a message, and no memory.',
      '- `--bearer-token-file`, `--header`, `--tls-ca`, `--tls-cert` and `--tls-key` are for getting in. It goes through the proxy that `HTTP_PROXY`, `HTTPS_PROXY` or `ALL_PROXY` names, but to what `NO_PROXY` lists and to this machine, as `--prometheus` does.',
    ].join('\n'),
    '## Names',
    table(['name', 'type', 'unit', 'meaning', 'OTLP'], rows),
  );
}

/** `case 59`, `cases 54 and 55`, `cases 101 to 103` in the text of a test. */
const CITATION = /\bcases? (\d+(?:(?:, | and | to )\d+)*)/gi;

/** Test files by the number of a case. */
export function citations(): ReadonlyMap<number, readonly string[]> {
  const cited = new Map<number, Set<string>>();
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs)$/.test(file))
    .map((file) => join('test', file))
    .sort();
  for (const file of files) {
    for (const [, numbers = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(CITATION)) {
      for (const number of numbersIn(numbers)) cited.set(number, (cited.get(number) ?? new Set()).add(file));
    }
  }
  return new Map([...cited].sort(([a], [b]) => a - b).map(([number, found]) => [number, [...found]]));
}

const numbersIn = (text: string): number[] =>
  text.split(/, | and /).flatMap((part) => {
    const [first = 0, last = first] = part.split(' to ').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });

function fieldCases(): string {
  const rows = [...citations()].map(([number, files]) => {
    const found = FIELD_CASES.get(number);
    if (!found) throw new Error(`${files[0]} cites case ${number}, which docs/field-cases.ts does not have`);
    const tests = files.map((file) => `[${file.replace(/^test\//, '')}](../${file})`);
    return [String(number), found.reports, found.fault, found.right, tests.join(' ')];
  });
  return page(
    MADE,
    '# Cases from the field',
    'Faults that users reported of tools of this kind (repository and number of the report), and the tests that keep them from happening here. A test cites its case by number.',
    table(['case', 'reports', 'fault', 'what is right', 'tests'], rows),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of documents()) writeFileSync(join(ROOT, path), text);
}
