/** tscg: parses the command line and runs its command. */

import { addTypedLimitFlags } from './limit-flags.ts';
import { runProgram } from './program.ts';
import { buildTscg } from './tscg-program.ts';

const program = buildTscg(process.argv[2]);
void addTypedLimitFlags(program).then(() => runProgram('tscg', program));
