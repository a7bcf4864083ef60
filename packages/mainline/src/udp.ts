/**
 * The UDP transport: one socket of one family, KRPC messages in and out.
 *
 * It never resolves names, retries, queues, or throws for a packet: what arrives is given to the inbox as read or as
 * malformed, what cannot be sent is told to the inbox later, never from within `send`. After `close` nothing is given
 * to the inbox any more, and the socket keeps no process alive.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import { type Clock, type Inbox, type Transport, TransportError, type TransportErrorCode } from '@xorrery/coordinator';
import { checkInteger, type Endpoint } from '@xorrery/core';
import { type Family, familyOf, parse6, portIn, textOf6 } from './compact.ts';
import { decode } from './krpc-decode.ts';
import { encode } from './krpc-encode.ts';
import type { KrpcIn, KrpcOut } from './messages.ts';
import { TOKEN_ROTATION, type TokenPort } from './token.ts';
import type { Traffic } from './traffic.ts';

/** What a UDP transport needs. */
export interface UdpOptions {
  /** The IPv4 or IPv6 literal to bind, e.g. `127.0.0.1`, `0.0.0.0` or `::`. An IPv6 socket carries IPv6 alone. */
  readonly host: string;
  /** 0 to 65535; 0 takes any free port. */
  readonly port: number;
  readonly tokens: TokenPort;
  readonly clock: Pick<Clock, 'now'>;
  /** Told the length of each packet. */
  readonly traffic?: Pick<Traffic, 'received' | 'sent'>;
  /** Bytes the system may hold for us until we read them; it may grant less. Default 1 MiB. */
  readonly receiveBuffer?: number;
  /** Whether requests for nodes are to ask for those of both families (BEP 32). Default: never. */
  readonly wantsBoth?: () => boolean;
}

const RECEIVE_BUFFER = 1 << 20;

const REASONS: Readonly<Record<string, readonly [TransportErrorCode, string]>> = {
  EADDRINUSE: ['address-in-use', 'the port is in use'],
  EADDRNOTAVAIL: ['address-not-available', 'this machine has no such address'],
  EAFNOSUPPORT: ['address-not-available', 'this machine does not speak that address family'],
  EACCES: ['permission', 'permission denied'],
  EPERM: ['permission', 'permission denied'],
};

/** A transport over one UDP socket. Nothing happens before `open`; it can be opened once. Throws `ConfigError`. */
export function udpTransport(options: UdpOptions): Transport<KrpcOut, KrpcIn> {
  return new UdpTransport(options);
}

class UdpTransport implements Transport<KrpcOut, KrpcIn> {
  readonly #options: UdpOptions;
  readonly #family: Family;
  #socket: Socket | undefined;
  #inbox: Inbox<KrpcIn> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: UdpOptions) {
    checkInteger('receiveBuffer', options.receiveBuffer ?? RECEIVE_BUFFER, 1, 2 ** 31 - 1);
    this.#options = options;
    this.#family = isIP(options.host) === 6 ? 6 : 4;
  }

  open(inbox: Inbox<KrpcIn>): Promise<Endpoint> {
    const { host, port, receiveBuffer = RECEIVE_BUFFER } = this.#options;
    const at = this.#family === 6 ? `[${host}]:${port}` : `${host}:${port}`;
    const refuse = (code: TransportErrorCode, why: string): Promise<never> =>
      Promise.reject(new TransportError(code, `cannot bind ${at}: ${why}`));
    if (this.#closing !== undefined) return refuse('closed', 'the transport was closed');
    if (this.#socket !== undefined) return refuse('already-open', 'the transport is open already');
    if (isIP(host) === 0) return refuse('bad-host', 'the host must be an IP address');
    if (!Number.isInteger(port) || port < 0 || port > 65535) return refuse('bad-port', 'the port must be 0 to 65535');
    return new Promise((resolve, reject) => {
      const socket = createSocket({
        type: this.#family === 6 ? 'udp6' : 'udp4',
        ipv6Only: this.#family === 6,
        recvBufferSize: receiveBuffer,
        // Everything given to the socket is an address already; its default would take a turn of the loop to find out.
        lookup: (address, _options, done) => done(null, address, this.#family),
      });
      this.#socket = socket;
      const failed = (error: NodeJS.ErrnoException): void => {
        const [code, why] = REASONS[error.code ?? ''] ?? (['failed', error.code ?? error.message] as const);
        socket.close();
        this.#socket = undefined;
        reject(new TransportError(code, `cannot bind ${at}: ${why}`, error));
      };
      socket.once('error', failed);
      // Changes nothing once the promise is settled: this is for a socket that is closed before it was bound.
      socket.once('close', () => reject(new TransportError('closed', `cannot bind ${at}: the transport was closed`)));
      socket.once('listening', () => {
        socket.off('error', failed);
        // An error of an open socket (on some systems: a peer's port was closed) concerns one packet, which is lost.
        socket.on('error', () => {});
        socket.on('message', (packet, info) => this.#receive(packet, info));
        this.#inbox = inbox;
        const { address, port: bound } = socket.address();
        resolve(this.#endpoint(address, bound));
      });
      try {
        socket.bind({ address: host, port, exclusive: true });
      } catch (error) {
        failed(error as NodeJS.ErrnoException);
      }
    });
  }

  send(to: Endpoint, message: KrpcOut): void {
    const socket = this.#socket;
    if (socket === undefined || this.#inbox === undefined) return;
    const colon = to.lastIndexOf(':');
    const port = portIn(to, colon + 1);
    const host = this.#family === 6 ? to.slice(1, colon - 1) : to.slice(0, colon);
    if (port === -1 || familyOf(to) !== this.#family) {
      process.nextTick(() => this.#inbox?.unsent(to, message.tid, 'no such address here'));
      return;
    }
    const { tokens, wantsBoth, traffic } = this.#options;
    const packet = encode(message, to, tokens, message.type === 'request' && wantsBoth?.() === true);
    traffic?.sent(packet.length);
    socket.send(packet, port, host, (error: NodeJS.ErrnoException | null) => {
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

  #receive(packet: Buffer, info: RemoteInfo): void {
    const inbox = this.#inbox;
    if (inbox === undefined) return;
    this.#options.traffic?.received(packet.length);
    const from = this.#endpoint(info.address, info.port);
    if (info.port === 0) {
      inbox.malformed(from, { cause: 'source-port-0' });
      return;
    }
    const { tokens, clock } = this.#options;
    const decoded = decode(packet, from, tokens, Math.floor(clock.now() / TOKEN_ROTATION));
    if (decoded.ok) inbox.received(from, decoded.message, packet.length);
    else inbox.malformed(from, decoded.malformed);
  }

  #endpoint(address: string, port: number): Endpoint {
    return this.#family === 4 ? `${address}:${port}` : `[${canonical6(address)}]:${port}`;
  }
}

const bytes = new Uint8Array(16);

/** The system writes a few IPv6 addresses in its own way (`::1.2.3.4`); a zone, as in `fe80::1%eth0`, is kept. */
function canonical6(address: string): string {
  return address.includes('.') && parse6(address, bytes, 0) ? textOf6(bytes, 0) : address;
}
