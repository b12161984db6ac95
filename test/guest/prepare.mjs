// node test/guest/prepare.mjs: makes what the suite's guests are made of, which takes minutes the first time.

import { ensure, GuestError, say } from './cache.mjs';
import { KERNEL, prepare } from './machine.mjs';
import { pieces } from './pieces.mjs';

try {
  prepare({ systemd: true, kernel: KERNEL });
  ensure([pieces.uml]);
} catch (error) {
  if (!(error instanceof GuestError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
