/** The public face of the Mainline node. */
export { RefusedError, TransportError, type TransportErrorCode } from '@xorrery/coordinator';
export { PUBLIC_BOOTSTRAP } from './bootstrap.ts';
export * from './crawl.ts';
export type { JoinReport } from './home.ts';
export * from './iterative-lookup.ts';
export { type Decoded, decode } from './krpc-decode.ts';
export { encode } from './krpc-encode.ts';
export type * from './messages.ts';
export * from './node.ts';
export * from './peer-store.ts';
export { MAINLINE_DEFAULTS, mainline } from './profile.ts';
export { StateError, type StateErrorCode } from './state/errors.ts';
export type { Restored } from './state/restore.ts';
export { MAX_TORRENT, parseTarget, type Target, TargetError, type TargetErrorCode } from './target.ts';
export { EndpointError, type HostPort, parseEndpoint, resolveEndpoint } from './target-endpoint.ts';
export { keyedTokens, TOKEN_ROTATION, type TokenPort } from './token.ts';
export { type UdpOptions, udpTransport } from './udp.ts';
