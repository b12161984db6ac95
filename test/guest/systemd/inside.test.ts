/** tstop shows the inside of a docker container as docker itself tells it. */

import { execFileSync } from 'node:child_process';
import { test } from 'uvu';
import { openTstop } from '../../terminal.ts';
import { startDocker } from './workloads.mjs';

/** The guest is slow: what its screen needs takes minutes. */
const PATIENCE_MS = 300_000;

const inspect = (format: string): string =>
  execFileSync('docker', ['inspect', '-f', format, 'inner'], { encoding: 'utf8' }).trim();

test('network and file system of a docker container, on their screens and on its own', async () => {
  await startDocker('inner', {
    command: ['sh', '-c', 'dd if=/dev/zero of=/written bs=64k count=16 2>/dev/null; rm /bin/wget; exec sleep 100000'],
  });
  await startDocker('friend', { network: 'container:inner' });
  const address = inspect('{{range .NetworkSettings.Networks}}{{.IPAddress}}/{{.IPPrefixLen}}{{end}}');
  const upper = inspect('{{.GraphDriver.Data.UpperDir}}');
  const lower = inspect('{{.GraphDriver.Data.LowerDir}}').split(':');
  const terminal = openTstop(200, 60, ['-d', '2']);
  try {
    terminal.type('finner\r');
    await terminal.until((text) => /^ {2}inner +[^\d\n]*\d/m.test(text), 'the container', PATIENCE_MS);
    terminal.type('7');
    await terminal.until(
      (text) =>
        /^mode +bridge +\(eth0 leads to veth\w+, a port of docker0\)/m.test(text) &&
        /^shared with +friend /m.test(text) &&
        text.includes(` ${address} `) &&
        /^ +rx +\S+B( +[\d.]+){3}/m.test(text),
      'the network',
      PATIENCE_MS,
    );
    terminal.type('9');
    await terminal.until(
      (text) =>
        /^root +overlay, driver overlay2/m.test(text) &&
        /^written +1\.\d+MiB in \d+ files, 1 hidden of the layers below/m.test(text) &&
        [upper, ...lower].every((path) => text.includes(` ${path}`)),
      'the file system',
      PATIENCE_MS,
    );
    console.log(terminal.screen().join('\n'));
    terminal.type('2\r');
    await terminal.until(
      (text) => text.includes(`Network  bridge  ${address}`) && /eth0 +veth, up +→ veth\w+/.test(text),
      'its own screen',
      PATIENCE_MS,
    );
    console.log(terminal.screen().join('\n'));
  } finally {
    terminal.kill();
    execFileSync('docker', ['rm', '-f', 'friend', 'inner']);
  }
});

test.run();
