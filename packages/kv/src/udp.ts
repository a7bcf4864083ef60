/**
 * The UDP transport: one socket of one family, the store's messages in and out.
 *
 * It never resolves names, retries, queues, or throws for a packet: what arrives is given to the inbox as read or as
 * malformed, what cannot be sent is told to the inbox later, never from within `send`. After `close` nothing is given
 * to the inbox any more, and the socket keeps no process alive.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { type Clock, type Inbox, type Transport, TransportError, type TransportErrorCode } from '@xorrery/coordinator';
import type { Endpoint } from '@xorrery/core';
import { endpointOf, splitEndpoint } from './address.ts';
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import type { KvIn, KvOut } from './messages.ts';
import { TOKEN_ROTATION, type TokenPort } from './token.ts';

/** What a UDP transport needs. */
export interface UdpOptions {
  /** The IPv4 or IPv6 literal to bind, e.g. `127.0.0.1` or `::`. An IPv6 socket carries IPv6 alone. */
  readonly host: string;
  /** 0 to 65535; 0 takes any free port. */
  readonly port: number;
  readonly tokens: TokenPort;
  readonly clock: Pick<Clock, 'now'>;
}

/** Bytes the system may hold for us until we read them: a few dozen of the longest values. It may grant less. */
const RECEIVE_BUFFER = 1 << 21;

const REASONS: Readonly<Record<string, readonly [TransportErrorCode, string]>> = {
  EADDRINUSE: ['address-in-use', 'the port is in use'],
  EADDRNOTAVAIL: ['address-not-available', 'this machine has no such address'],
  EAFNOSUPPORT: ['address-not-available', 'this machine does not speak that address family'],
  EACCES: ['permission', 'permission denied'],
  EPERM: ['permission', 'permission denied'],
};

/** A transport over one UDP socket. Nothing happens before `open`; it can be opened once. */
export function udpTransport(options: UdpOptions): Transport<KvOut, KvIn> {
  return new UdpTransport(options);
}

class UdpTransport implements Transport<KvOut, KvIn> {
  readonly #options: UdpOptions;
  readonly #family: 4 | 6;
  #socket: Socket | undefined;
  #inbox: Inbox<KvIn> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: UdpOptions) {
    this.#options = options;
    this.#family = isIP(options.host) === 6 ? 6 : 4;
  }

  open(inbox: Inbox<KvIn>): Promise<Endpoint> {
    const { host, port } = this.#options;
    const refusal = (code: TransportErrorCode, why: string, cause?: unknown): TransportError =>
      new TransportError(code, `cannot bind ${this.#family === 6 ? `[${host}]` : host}:${port}: ${why}`, cause);
    if (this.#closing !== undefined) return Promise.reject(refusal('closed', 'the transport was closed'));
    if (this.#socket !== undefined) return Promise.reject(refusal('already-open', 'the transport is open already'));
    if (isIP(host) === 0) return Promise.reject(refusal('bad-host', 'the host must be an IP address'));
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      return Promise.reject(refusal('bad-port', 'the port must be 0 to 65535'));
    }
    return new Promise((resolve, reject) => {
      const socket = createSocket({
        type: this.#family === 6 ? 'udp6' : 'udp4',
        ipv6Only: this.#family === 6,
        recvBufferSize: RECEIVE_BUFFER,
        // Everything given to the socket is an address already.
        lookup: (address, _options, done) => done(null, address, this.#family),
      });
      this.#socket = socket;
      const failed = (error: NodeJS.ErrnoException): void => {
        const [code, why] = REASONS[error.code ?? ''] ?? (['failed', error.code ?? error.message] as const);
        socket.close();
        this.#socket = undefined;
        reject(refusal(code, why, error));
      };
      socket.once('error', failed);
      // Changes nothing once the promise is settled: this is for a socket that is closed before it was bound.
      socket.once('close', () => reject(refusal('closed', 'the transport was closed')));
      socket.once('listening', () => {
        socket.off('error', failed);
        // An error of an open socket concerns one packet, which is lost.
        socket.on('error', () => {});
        socket.on('message', (packet, info) => this.#receive(packet, info));
        this.#inbox = inbox;
        const { address, port: bound } = socket.address();
        resolve(endpointOf(address, bound));
      });
      try {
        socket.bind({ address: host, port, exclusive: true });
      } catch (error) {
        failed(error as NodeJS.ErrnoException);
      }
    });
  }

  send(to: Endpoint, message: KvOut): void {
    const socket = this.#socket;
    if (socket === undefined || this.#inbox === undefined) return;
    const target = splitEndpoint(to);
    if (target === undefined || isIP(target.host) !== this.#family) {
      process.nextTick(() => this.#inbox?.unsent(to, message.tid, 'no such address here'));
      return;
    }
    const packet = encode(message, to, this.#options.tokens);
    socket.send(packet, target.port, target.host, (error: NodeJS.ErrnoException | null) => {
      if (error !== null) this.#inbox?.unsent(to, message.tid, error.code ?? 'failed');
    });
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      const socket = this.#socket;
      this.#inbox = undefined;
      this.#socket = undefined;
      if (socket === undefined) return resolve();
      socket.close(() => {
        socket.removeAllListeners();
        resolve();
      });
    });
    return this.#closing;
  }

  #receive(packet: Buffer, { address, port }: RemoteInfo): void {
    const inbox = this.#inbox;
    if (inbox === undefined) return;
    const from = endpointOf(address, port);
    // Nothing can be sent there, so nothing said from there is answered.
    if (port === 0) return inbox.malformed(from, { cause: 'source-port-0' });
    const { tokens, clock } = this.#options;
    const decoded = decode(packet, from, tokens, Math.floor(clock.now() / TOKEN_ROTATION));
    if (decoded.ok) inbox.received(from, decoded.message, packet.length);
    else inbox.malformed(from, decoded.malformed);
  }
}
