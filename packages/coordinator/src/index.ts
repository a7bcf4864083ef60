/** The public face of the coordinator. */
export * from './coordinator.ts';
export * from './errors.ts';
export { type Envelope, EventStream, type Lagged, type SubscribeOptions, type Subscription } from './event-stream.ts';
export type { LifecycleState } from './lifecycle.ts';
export * from './memory.ts';
export * from './operation.ts';
export type * from './ports.ts';
export { sharedClocks } from './shared-clock.ts';
export { SystemClock, systemEntropy } from './system.ts';
export type * from './types.ts';
