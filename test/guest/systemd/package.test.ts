/** The .deb on a machine without Node: its programs run, its units start and start again, and it leaves nothing behind. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const PACKAGES = fileURLToPath(new URL('../../../packages', import.meta.url));
const OWN_NODE = '/usr/lib/tscg/bin/node';
const RECORDING = '/var/lib/tscg/recording';
const UNITS = ['tscg-export', 'tscg-record'] as const;

const test = suite('package');
const deb = existsSync(PACKAGES) ? readdirSync(PACKAGES).find((name) => name.endsWith('.deb')) : undefined;
const run = (program: string, ...words: readonly string[]): string =>
  execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

/** The programs as one types them where the only Node is the package's: this one is hidden. */
function withoutNode(command: string): string {
  const hidden = `mount --bind /bin/false ${process.execPath} && exec ${command}`;
  const { status, stdout, stderr } = spawnSync('unshare', ['--mount', 'sh', '-c', hidden], { encoding: 'utf8' });
  assert.is(status, 0, `${command}: ${stderr}`);
  return stdout;
}

/** Reads again until it holds; the unit's own words where it never does. */
async function until(unit: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let count = 0; count < 300; count++) {
    if (await holds()) return;
    await sleep(100);
  }
  throw new Error(run('journalctl', '--no-pager', '-u', unit));
}

const mainPid = (unit: string): string => run('systemctl', 'show', '-P', 'MainPID', unit).trim();
const recorded = (): number =>
  existsSync(RECORDING)
    ? readdirSync(RECORDING).reduce((sum, name) => sum + statSync(join(RECORDING, name)).size, 0)
    : 0;
const isExported = (): Promise<boolean> =>
  fetch('http://127.0.0.1:9753/metrics').then(
    async (answer) => /^tscg_\S+\{.*init\.scope/m.test(await answer.text()),
    () => false,
  );

async function isServed(): Promise<void> {
  await until('tscg-export', isExported);
  const before = recorded();
  await until('tscg-record', () => recorded() > before);
  for (const unit of UNITS) {
    const pid = mainPid(unit);
    assert.is(readlinkSync(`/proc/${pid}/exe`), OWN_NODE, unit);
    // A service that reads writes no file of anyone else.
    assert.match(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'), / \/sys\/fs\/cgroup ro,/, unit);
    assert.is(run('systemctl', 'show', '-P', 'NRestarts', unit).trim(), '0', unit);
  }
}

if (deb === undefined) {
  console.log('SKIP the package is installed, used and removed: npm run package makes what it installs');
  test.skip('the package is installed, used and removed', () => undefined);
} else {
  test('the package is installed, used and removed', async () => {
    const files = (): string[] =>
      run('find', '/usr', '/etc', '/lib/systemd', '/var/lib', '-xdev', '-ipath', '*tscg*', '-print')
        .split('\n')
        .filter((path) => path !== '' && !path.startsWith('/var/lib/dpkg/') && path !== dirname(PACKAGES));
    const before = files();
    run('dpkg', '-i', join(PACKAGES, deb));
    assert.match(withoutNode('tscg --version'), /\d+\.\d+\.\d+/);
    assert.match(withoutNode('tstop --version'), /\d+\.\d+\.\d+/);
    assert.match(withoutNode('tscg doctor'), /ok +addon/);
    assert.match(withoutNode('tscg ls --all --columns pids'), /init\.scope/);

    for (const unit of UNITS) run('systemctl', 'enable', '--now', unit);
    await isServed();
    for (const unit of UNITS) run('systemctl', 'restart', unit);
    await isServed();
    const all = JSON.parse(withoutNode('tscg ls --all --at 1s --json --columns pids'));
    assert.ok(Array.isArray(all) && all.length > 3);

    const pids = UNITS.map(mainPid);
    run('dpkg', '-r', 'tscg');
    for (const pid of pids) assert.not(existsSync(`/proc/${pid}`));
    for (const unit of UNITS) assert.is(run('systemctl', 'show', '-P', 'LoadState', unit).trim(), 'not-found');
    const left = files().filter((path) => !before.includes(path) && !path.startsWith('/var/lib/tscg'));
    assert.equal(left.sort(), ['/etc/default/tscg-export', '/etc/default/tscg-record'], 'settings stay until purge');
    run('dpkg', '-P', 'tscg');
    assert.equal(files(), before);
  });
}

test.run();
