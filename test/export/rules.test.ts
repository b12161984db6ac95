/** Rules and dashboards ask for what is served. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FAMILIES } from '../../src/export/families.ts';
import { HOST_FAMILIES } from '../../src/export/host-families.ts';
import { skip } from '../skip.ts';

const path = (name: string): string => fileURLToPath(new URL(`../../dashboards/grafana/${name}`, import.meta.url));
const RULES = ['recording-rules.yml', 'alerts.yml'].map(path);
const FILES = [...RULES, path('tscg-fleet.json'), path('tscg-workload.json')];

test('every metric that they name is served', () => {
  const served = new Set([
    'tscg_workload_info',
    'tscg_workloads_left_out',
    ...[...FAMILIES, ...HOST_FAMILIES].map(({ name, type }) => (type === 'counter' ? `${name}_total` : name)),
  ]);
  for (const file of FILES) {
    const named = [...readFileSync(file, 'utf8').matchAll(/"?expr"?: .*$/gm)].flatMap(([line]) => [
      ...line.matchAll(/\b(?:tscg|container)_[a-z0-9_]+/g),
    ]);
    assert.ok(named.length > 5, file);
    for (const [name] of named) assert.ok(served.has(name), `${file} asks for ${name}`);
  }
});

const NAME = 'promtool takes the rules, and the alerts fire when they should';
if (spawnSync('promtool', ['--version']).error) skip(test, NAME, 'no promtool here: apt-get install prometheus');
else
  test(NAME, () => {
    const check = spawnSync('promtool', ['check', 'rules', ...RULES], { encoding: 'utf8' });
    assert.is(check.status, 0, check.stdout + check.stderr);
    const alerts = path('../../test/export/alerts.promtool.yml');
    const run = spawnSync('promtool', ['test', 'rules', alerts], { encoding: 'utf8' });
    assert.is(run.status, 0, run.stdout + run.stderr);
  });

test.run();
