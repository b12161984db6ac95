/** Everything that runs, with all that the runtimes know: a policy selects by image, label and pod. */

import { type Inventory, openInventory } from '../inventory/inventory.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import { PROC } from './context.ts';

export const openWorkloads = ({ mount, root }: Hierarchy, watch: boolean): Inventory =>
  openInventory({ mount, root, proc: PROC, watch, apis: true });
