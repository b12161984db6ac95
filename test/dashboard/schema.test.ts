/** The JSON Schemas beside the dashboards are made of the shapes by which the files are read. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { PANES } from '../../src/dashboard/panes.ts';
import { dashboardJsonSchema, settingsJsonSchema } from '../../src/dashboard/shape.ts';

for (const [name, schema] of [
  ['schema', dashboardJsonSchema(PANES)],
  ['config.schema', settingsJsonSchema()],
] as const) {
  test(`${name}.json is that of the reader (UPDATE=1 writes it)`, () => {
    const file = fileURLToPath(new URL(`../../dashboards/${name}.json`, import.meta.url));
    const text = `${JSON.stringify(schema, undefined, 2)}\n`;
    if (process.env.UPDATE) writeFileSync(file, text);
    assert.equal(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(text));
  });
}

test.run();
