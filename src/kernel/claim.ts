/** A file that says which process has something for itself, by its pid and start time: one that has ended has it no more. */
import { closeSync, constants, openSync, readFileSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { codeOf } from './error-code.ts';
import { startTimeOf } from './process-handle.ts';

/** Gives what lets go of it, or the pid of the process that has it. Throws what open(2) answers. */
export function claim(path: string): (() => void) | number {
  const mine = `${process.pid} ${startTimeOf(process.pid)}\n`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  for (let tries = 0; tries < 2; tries++) {
    try {
      const fd = openSync(path, flags, 0o600);
      writeSync(fd, mine);
      closeSync(fd);
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    const [pid, start] = readFileSync(path, 'utf8').trim().split(' ');
    if (startTimeOf(Number(pid)) === Number(start)) return Number(pid);
    unlinkSync(path);
  }
  throw new Error(`${path} cannot be made`);
}
