/** The public face of the charts: the law of each machine, conformance, paths, diagrams, and actor logic. */

export { logicOf, type MachineLogic, type MachineSnapshot } from './actor.ts';
export { CHARTS } from './all.ts';
export { bootstrapLaw } from './bootstrap.ts';
export { broadcastLaw } from './broadcast.ts';
export * from './chart.ts';
export * from './children.ts';
export * from './conform.ts';
export * from './coverage.ts';
export { diagramOf, sectionOf } from './diagram.ts';
export { includeLaw } from './include.ts';
export type * from './law.ts';
export { type AnyNodeState, nodeDrawn, nodeLaw } from './node.ts';
export * from './paths.ts';
export { type PoolStatus, poolLaw } from './pool.ts';
export { probeLaw } from './probe.ts';
export { queryLaw } from './query.ts';
export { refreshLaw } from './refresh.ts';
export { scheduleLaw } from './schedule.ts';
export { candidateDrawn, requestDrawn, Trails } from './trail.ts';
