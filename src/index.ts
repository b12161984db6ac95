/** The library: what tscg and tstop are made of, for programs that want Frames or Plans of their own. */
export { openInventory } from './inventory/inventory.ts';
export { resolve } from './inventory/resolve.ts';
export type { Workload } from './inventory/workload.ts';
export { type CgroupFiles, openCgroupFiles } from './kernel/cgroup-files.ts';
export { chooseHierarchy, type Hierarchy, NoHierarchyError } from './kernel/hierarchy.ts';
export { type Machine, readMachine } from './kernel/machine.ts';
export { NO_LIMIT, UNAVAILABLE } from './kernel/value.ts';
export { applyPlan } from './limits/applying/apply.ts';
export { ApplyError } from './limits/applying/context.ts';
export { type Change, openJournal, stateDirectory } from './limits/applying/journal.ts';
export { planUndo } from './limits/applying/undo.ts';
export { LIMITS } from './limits/catalogue/catalogue.ts';
export type { Limit, Plan } from './limits/model.ts';
export { planSet } from './limits/planning/plan.ts';
export { METRICS } from './metrics/catalogue.ts';
export type { Metric } from './metrics/metric.ts';
export { type Frame, openLiveSource, type Source } from './metrics/source.ts';
