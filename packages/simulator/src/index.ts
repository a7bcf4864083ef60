/** The public face of the simulator. */
export { Agenda } from './agenda.ts';
export { Chance } from './chance.ts';
export type { Hash } from './digest.ts';
export * from './distribution.ts';
export * from './fault.ts';
export { type FullTables, fullTables } from './full-tables.ts';
export { type Generic, type GenericServer, generic, genericProtocol } from './generic.ts';
export type { Violation } from './judge.ts';
export type { Resident, Role } from './population.ts';
export type * from './protocol.ts';
export { type Result, resultOf } from './result.ts';
export * from './scenario.ts';
export * from './score.ts';
export { type Sample, Simulation, type SimulationOptions, type StepObserver } from './simulation.ts';
export * from './spec.ts';
export { Truth } from './truth.ts';
export type { Traffic } from './wires.ts';
