/** What this machine is called in recordings, alerts and what is sent elsewhere. */

import { hostname } from 'node:os';
import { clean } from '../text/clean.ts';

/** Its host name, or TSCG_HOST: within a container the host name is that of the container. */
export const machineName = (env: NodeJS.ProcessEnv = process.env): string =>
  clean(env.TSCG_HOST ?? '').trim() || hostname();
