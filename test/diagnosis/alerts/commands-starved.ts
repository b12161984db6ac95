/** Run with few descriptors by commands.test.ts: runs a command of an alert while none is free, and prints why it failed. */

import { openSync } from 'node:fs';
import { createAlertCommands } from '../../../src/diagnosis/alerts/commands.ts';
import { parseAlertRule } from '../../../src/diagnosis/alerts/rule.ts';
import { codeOf } from '../../../src/kernel/error-code.ts';

const rule = parseAlertRule('web.pids > 20', 'true');
const workload = { path: '/web', inode: 1, name: 'web' };
const alert = { rule, workload, isFiring: true, since: 1000, value: 30, against: 0, seen: undefined };
const commands = createAlertCommands({
  claimPath: process.argv[2] ?? '',
  onFailure: (_, why) => console.log(why),
});
try {
  while (openSync('/dev/null', 'r') >= 0);
} catch (error) {
  if (codeOf(error) !== 'EMFILE') throw error;
}
commands.run({ what: 'fired', alert, time: 3000 });
