/** The public face of the Mainline node. */
export { RefusedError, TransportError, type TransportErrorCode } from '@xorrery/coordinator';
export { PUBLIC_BOOTSTRAP } from './bootstrap.ts';
export * from './crawl.ts';
export {
  type ImmutableItem,
  type Item,
  MAX_SALT,
  MAX_VALUE,
  type MutableItem,
  targetOf,
} from './item.ts';
export * from './item-get.ts';
export { ITEM_REPUBLISH, type MutableOptions, type PutOptions, type PutReport } from './item-put.ts';
export { DEFAULT_ITEM_STORE, type ItemStore } from './item-store.ts';
export { bencodedValue, type PutValue } from './item-value.ts';
export * from './iterative-lookup.ts';
export type { JoinReport } from './join-report.ts';
export { type Decoded, decode } from './krpc-decode.ts';
export { encode } from './krpc-encode.ts';
export type * from './messages.ts';
export * from './node.ts';
export type * from './node-options.ts';
export * from './peer-store.ts';
export { findPointed, type PointedReport, pointedBy, pointerIn, pointerTo } from './pointer.ts';
export { MAINLINE_DEFAULTS, mainline } from './profile.ts';
export type { LookupOptions } from './readings.ts';
export type { SampleReport, ScrapeReport } from './scrape.ts';
export { ed25519, publicKeyOf } from './signing.ts';
export { StateError, type StateErrorCode } from './state/errors.ts';
export type { Restored } from './state/restore.ts';
export * from './store.ts';
export { MAX_TORRENT, parseTarget, type Target, TargetError, type TargetErrorCode } from './target.ts';
export { EndpointError, type HostPort, parseEndpoint, resolveEndpoint } from './target-endpoint.ts';
export { keyedTokens, TOKEN_ROTATION, type TokenPort } from './token.ts';
export type { Method, MethodCounts, TrafficCounts } from './traffic.ts';
export { type UdpOptions, udpTransport } from './udp.ts';
