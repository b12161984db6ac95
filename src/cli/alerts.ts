/** The alerts of config.yaml, in a program that takes Frames. */

import { join } from 'node:path';
import { configDirectory, loadAlertRules } from '../dashboard/settings.ts';
import { type AlertWatch, openAlertWatch } from '../diagnosis/alerts/watch.ts';
import { stateDirectory } from '../limits/applying/journal.ts';

/** `isActing`: whether commands are run. Throws AlertRulesError. */
export const openAlerts = (isActing: boolean): AlertWatch =>
  openAlertWatch(loadAlertRules(configDirectory()), isActing ? join(stateDirectory(), 'alerts.pid') : undefined);
