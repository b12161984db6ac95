/** --via, as every command takes it that sets limits. */
import { Option } from 'commander';
import { OWNER_NAMES } from '../limits/model.ts';

export const viaOption = new Option('--via <owner>', `who makes the change: auto, ${OWNER_NAMES.join(', ')}`).default(
  'auto',
);
