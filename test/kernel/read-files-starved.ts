/** Run with few descriptors by read-files.test.ts: reads the hundred files of a tree, and may keep far too many. */

import { createReadFiles } from '../../src/kernel/read-files.ts';

const mount = process.argv[2] ?? '';
const paths = Array.from({ length: 100 }, (_, n) => `${mount}/c${n}/stat`);
const read = createReadFiles(10_000);
let wrong = 0;
for (let round = 0; round < 5; round++) {
  const texts = await read(paths);
  wrong += texts.filter((text, n) => text !== String(n)).length;
}
console.log(`${wrong} wrong`);
