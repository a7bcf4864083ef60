/** The public face of the testkit: mock networks, arbitraries, invariants, and drives that put them together. */
export * from './arbitraries.ts';
export * from './canned.ts';
export * from './contracts/clock.ts';
export type { ContractCase } from './contracts/contract.ts';
export * from './contracts/table.ts';
export * from './contracts/transport.ts';
export { Dice } from './dice.ts';
export * from './drive-pool.ts';
export * from './drive-query.ts';
export * from './mock-network.ts';
export * from './mock-node.ts';
export * from './model.ts';
export * from './pool-invariants.ts';
export * from './query-invariants.ts';
export * from './schedule.ts';
export { ViolationError } from './violation.ts';
