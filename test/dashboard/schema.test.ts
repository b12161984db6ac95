/** dashboards/schema.json says what a dashboard file may hold: made from the same tables as the reader of those files. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cellKeys } from '../../src/dashboard/dashboards.ts';
import { METRICS } from '../../src/metrics/catalogue.ts';
import { GROUPINGS } from '../../src/metrics/grouping.ts';

const FILE = fileURLToPath(new URL('../../dashboards/schema.json', import.meta.url));

const metrics = METRICS.map(({ id }) => id);

const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'A screen of tstop',
  description: 'dashboards/*.yaml, and a user’s own in ~/.config/tscg/dashboards/',
  type: 'object',
  additionalProperties: false,
  properties: {
    title: { type: 'string' },
    columns: { type: 'array', items: { enum: metrics }, description: 'of the table, in their order' },
    sort: { enum: ['name', ...metrics] },
    grouping: { enum: GROUPINGS },
    filter: { type: 'string', description: 'plain text or a query: cpu > 50 and image ~ redis' },
    details: { type: 'boolean', description: 'the selected row in the whole window' },
    cells: {
      type: 'array',
      items: {
        type: 'object',
        required: ['show', 'at'],
        properties: {
          show: { enum: cellKeys() },
          at: {
            type: 'array',
            items: { type: 'integer', minimum: 0, maximum: 12 },
            minItems: 4,
            maxItems: 4,
            description: 'top, left, rows, columns of a grid of 12 x 12',
          },
          metrics: { type: 'array', items: { enum: metrics }, description: 'of a chart' },
        },
      },
    },
  },
};

test('the schema is that of the reader (UPDATE=1 writes it)', () => {
  const text = `${JSON.stringify(SCHEMA, undefined, 2)}\n`;
  if (process.env.UPDATE) writeFileSync(FILE, text);
  assert.equal(JSON.parse(readFileSync(FILE, 'utf8')), JSON.parse(text));
});

test.run();
