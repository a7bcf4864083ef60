/** The public face of the key-value node. */
export { RefusedError, TransportError, type TransportErrorCode } from '@xorrery/coordinator';
export { type Decoded, decode, recordOf } from './decode.ts';
export { encode } from './encode.ts';
export type { GetOptions, GetReport } from './get.ts';
export * from './messages.ts';
export * from './node.ts';
export { KV_DEFAULTS, kv, REPUBLISH } from './profile.ts';
export { betterOf, type KvRecords, type KvStoreConfig, MAX_VALUE } from './records.ts';
export { keyedTokens, TOKEN_ROTATION, type TokenPort } from './token.ts';
export { type UdpOptions, udpTransport } from './udp.ts';
