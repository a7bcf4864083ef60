import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Inbox, Malformed } from '@xorrery/coordinator';
import { TransportError } from '@xorrery/coordinator';
import { ConfigError, type Endpoint } from '@xorrery/core';
import bencode from 'bencode';
import { afterEach, describe, expect, it } from 'vitest';
import { encode } from '../src/krpc-encode.ts';
import type { KrpcIn, KrpcOut } from '../src/messages.ts';
import { TOKEN_ROTATION } from '../src/token.ts';
import { type UdpOptions, udpTransport } from '../src/udp.ts';
import { EPOCH, idOf, latin1, tokensOf } from './krpc-samples.ts';

type Told =
  | { readonly kind: 'received'; readonly at: Endpoint; readonly message: KrpcIn }
  | { readonly kind: 'malformed'; readonly at: Endpoint; readonly packet: Malformed }
  | { readonly kind: 'unsent'; readonly at: Endpoint; readonly tid: string; readonly cause: string };

/** An inbox that can be waited on: `next` gives what was told, in order. */
const recorder = () => {
  const told: Told[] = [];
  const waiting: ((one: Told) => void)[] = [];
  const tell = (one: Told): void => {
    const wake = waiting.shift();
    if (wake === undefined) told.push(one);
    else wake(one);
  };
  const inbox: Inbox<KrpcIn> = {
    received: (at, message) => tell({ kind: 'received', at, message }),
    malformed: (at, packet) => tell({ kind: 'malformed', at, packet }),
    unsent: (at, tid, cause) => tell({ kind: 'unsent', at, tid, cause }),
  };
  const next = (): Promise<Told> => {
    const one = told.shift();
    return one === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(one);
  };
  return { inbox, told, next };
};

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const tokens = tokensOf(1);
const transport = (options: Partial<UdpOptions> = {}) => {
  const made = udpTransport({
    host: '127.0.0.1',
    port: 0,
    tokens,
    clock: { now: () => EPOCH * TOKEN_ROTATION },
    ...options,
  });
  cleanups.push(() => made.close());
  return made;
};
const opened = async (options: Partial<UdpOptions> = {}) => {
  const made = transport(options);
  const { inbox, told, next } = recorder();
  return { transport: made, told, next, endpoint: await made.open(inbox) };
};
const rawSocket = async (): Promise<{ socket: Socket; endpoint: Endpoint }> => {
  const socket = createSocket('udp4');
  cleanups.push(() => new Promise<void>((done) => socket.close(() => done())));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { socket, endpoint: `127.0.0.1:${socket.address().port}` };
};
const portOf = (endpoint: Endpoint): number => Number(endpoint.slice(endpoint.lastIndexOf(':') + 1));
const failure = async (opening: Promise<Endpoint>): Promise<TransportError> => {
  const error = await opening.catch((reason: unknown) => reason);
  if (!(error instanceof TransportError)) throw new Error('no TransportError', { cause: error });
  expect(error.message).not.toContain('\n');
  return error;
};

const ALICE = idOf('abcdefghij0123456789');
const BOB = idOf('mnopqrstuvwxyz123456');
const ping: KrpcOut = { type: 'request', tid: '6161', sender: ALICE, readOnly: false, request: { method: 'ping' } };
const pong: KrpcOut = { type: 'reply', tid: '6161', sender: BOB, reply: {} };
const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));

describe('a UDP transport', () => {
  it('[J72] carries a query there and the reply back', async () => {
    const [alice, bob] = [await opened(), await opened()];
    alice.transport.send(bob.endpoint, ping);
    expect(await bob.next()).toEqual({ kind: 'received', at: alice.endpoint, message: ping });
    bob.transport.send(alice.endpoint, pong);
    const message = { ...pong, reply: { seenAs: alice.endpoint } };
    expect(await alice.next()).toEqual({ kind: 'received', at: bob.endpoint, message });
  });

  it('[J83] tells the length of each packet, whether it is a message or not', async () => {
    const counts = { received: 0, sent: 0 };
    const traffic = {
      received: (bytes: number) => (counts.received += bytes),
      sent: (bytes: number) => (counts.sent += bytes),
    };
    const [alice, bob] = [await opened({ traffic }), await opened()];
    alice.transport.send(bob.endpoint, ping);
    await bob.next();
    bob.transport.send(alice.endpoint, pong);
    await alice.next();
    const lengths = [ping, pong].map((it) => encode(it, alice.endpoint, tokens).length);
    expect(counts).toEqual({ sent: lengths[0], received: lengths[1] });
    const raw = await rawSocket();
    raw.socket.send('noise', portOf(alice.endpoint), '127.0.0.1');
    await alice.next();
    expect(counts.received).toBe((lengths[1] as number) + 5);
  });

  it.skipIf(!hasIpv6)('[J73] carries IPv6 under one text per address', async () => {
    const [alice, bob] = [await opened({ host: '::1' }), await opened({ host: '::1' })];
    expect(alice.endpoint).toBe(`[::1]:${portOf(alice.endpoint)}`);
    const nodes = [{ id: BOB, endpoint: '[2001:db8::1]:6881' }];
    alice.transport.send(bob.endpoint, { ...pong, reply: { nodes } });
    const message = { ...pong, reply: { nodes, seenAs: bob.endpoint } };
    expect(await bob.next()).toEqual({ kind: 'received', at: alice.endpoint, message });
  });

  it('judges tokens by the epoch of its clock', async () => {
    let now = EPOCH * TOKEN_ROTATION;
    const bob = await opened({ clock: { now: () => now } });
    const alice = await opened();
    const token = tokens.mint(alice.endpoint, { infoHash: BOB, epoch: EPOCH });
    const request = { method: 'announce_peer', infoHash: BOB, port: 1, impliedPort: false, token } as const;
    for (const verdict of ['current', 'previous', 'bad']) {
      alice.transport.send(bob.endpoint, { ...ping, request });
      expect(await bob.next()).toMatchObject({ message: { request: { token: verdict } } });
      now += TOKEN_ROTATION;
    }
  });

  it('[J73] tells what is malformed, and what its sender is owed', async () => {
    const bob = await opened();
    const { socket, endpoint } = await rawSocket();
    for (const packet of ['', 'hello', 'd1:t2:aa1:y1:q1:q3:fooe'])
      socket.send(latin1(packet), portOf(bob.endpoint), '127.0.0.1');
    const told = [await bob.next(), await bob.next(), await bob.next()];
    expect(told.slice(0, 2)).toEqual(
      Array(2).fill({ kind: 'malformed', at: endpoint, packet: { cause: 'not-bencode' } }),
    );
    expect(told[2]).toEqual({
      kind: 'malformed',
      at: endpoint,
      packet: { cause: 'unknown-method', answer: { tid: '6161', code: 204, text: 'method unknown' } },
    });
  });

  it.each([1472, 2048, 9000, 65_507])('[F29] takes a datagram of %i bytes whole', async (size) => {
    const bob = await opened();
    const { socket } = await rawSocket();
    const bare = bencode.encode({ a: { id: Buffer.from(ALICE, 'hex') }, q: 'ping', t: 'aa', y: 'q', z: '' }).length;
    const z = Buffer.alloc(size - bare - String(size).length + 1, 0x78);
    const whole = Buffer.from(bencode.encode({ a: { id: Buffer.from(ALICE, 'hex') }, q: 'ping', t: 'aa', y: 'q', z }));
    expect(Math.abs(whole.length - size)).toBeLessThanOrEqual(1);
    socket.send(whole, portOf(bob.endpoint), '127.0.0.1');
    expect(await bob.next()).toMatchObject({ kind: 'received', message: ping });
  });

  it('gives nothing to the inbox before it is open, nor from within a send', async () => {
    const made = transport();
    const { inbox, told, next } = recorder();
    let isOpen = false;
    const opening = made.open({
      ...inbox,
      received: (at, message) => {
        expect(isOpen).toBe(true);
        inbox.received(at, message);
      },
    });
    expect(told).toEqual([]);
    const endpoint = await opening;
    isOpen = true;
    made.send(endpoint, ping);
    made.send('999.1.1.1:1', ping);
    made.send('nonsense', ping);
    expect(told).toEqual([]);
    const kinds = [await next(), await next(), await next()].map(({ kind }) => kind).sort();
    expect(kinds).toEqual(['received', 'unsent', 'unsent']);
  });

  it.each([
    ['999.1.1.1:1', 'EINVAL'],
    ['nonsense', 'no such address here'],
    ['192.0.2.1:0', 'no such address here'],
    ['[2001:db8::1]:1', 'no such address here'],
  ])('tells that a message to %s was not sent: %s', async (to, cause) => {
    const bob = await opened();
    bob.transport.send(to, ping);
    expect(await bob.next()).toEqual({ kind: 'unsent', at: to, tid: '6161', cause });
  });

  it('tells that the system refused to send, by the name of its error', async () => {
    const bob = await opened();
    bob.transport.send('255.255.255.255:9', ping);
    expect(await bob.next()).toMatchObject({ kind: 'unsent', tid: '6161', cause: expect.stringMatching(/^E[A-Z]+$/) });
  });

  it('sends from the endpoint it is reached at', async () => {
    const bob = await opened();
    const { socket, endpoint } = await rawSocket();
    bob.transport.send(endpoint, ping);
    const [packet, info] = await once(socket, 'message');
    expect(packet).toEqual(encode(ping, endpoint, tokens));
    expect(`${info.address}:${info.port}`).toBe(bob.endpoint);
  });
});

describe('a UDP transport that cannot be opened says why', () => {
  it.each([
    ['bad-host', { host: 'localhost' }, 'the host must be an IP address'],
    ['bad-host', { host: '' }, 'the host must be an IP address'],
    ['bad-host', { host: '1.2.3.4.5' }, 'the host must be an IP address'],
    ['bad-port', { port: -1 }, '0 to 65535'],
    ['bad-port', { port: 65_536 }, '0 to 65535'],
    ['bad-port', { port: 1.5 }, '0 to 65535'],
    ['address-not-available', { host: '192.0.2.1' }, 'no such address'],
  ] as const)('%s, for %j', async (code, options, part) => {
    const error = await failure(transport(options).open(recorder().inbox));
    expect(error.code).toBe(code);
    expect(error.message).toContain(part);
  });

  it('address-in-use, naming the address', async () => {
    const { endpoint } = await opened();
    const error = await failure(transport({ port: portOf(endpoint) }).open(recorder().inbox));
    expect(error).toMatchObject({ code: 'address-in-use', message: `cannot bind ${endpoint}: the port is in use` });
  });

  it('at once, for a receive buffer that is none', () => {
    for (const receiveBuffer of [0, -1, 1.5, 2 ** 31]) expect(() => transport({ receiveBuffer })).toThrow(ConfigError);
  });

  it('already-open, and the first opening is not disturbed', async () => {
    const bob = await opened();
    expect(await failure(bob.transport.open(recorder().inbox))).toMatchObject({ code: 'already-open' });
    bob.transport.send(bob.endpoint, ping);
    expect(await bob.next()).toMatchObject({ kind: 'received' });
  });

  it('closed', async () => {
    const made = transport();
    await made.close();
    expect(await failure(made.open(recorder().inbox))).toMatchObject({ code: 'closed' });
  });
});

describe('a UDP transport that was closed', () => {
  it('gives nothing to the inbox any more, sends nothing, and may be closed again', async () => {
    const [alice, bob] = [await opened(), await opened()];
    const { socket, endpoint } = await rawSocket();
    for (let i = 0; i < 50; i++) alice.transport.send(bob.endpoint, ping);
    bob.transport.send('999.1.1.1:1', ping);
    await Promise.all([bob.transport.close(), bob.transport.close()]);
    const before = bob.told.length;
    bob.transport.send(endpoint, ping);
    alice.transport.send(bob.endpoint, ping);
    alice.transport.send(endpoint, pong);
    const [packet] = await once(socket, 'message');
    expect(packet).toEqual(encode(pong, endpoint, tokens));
    expect(bob.told).toHaveLength(before);
    await bob.transport.close();
  });

  it('frees its port', async () => {
    const bob = await opened();
    await bob.transport.close();
    expect((await opened({ port: portOf(bob.endpoint) })).endpoint).toBe(bob.endpoint);
  });

  it('lets the process end, whether it was opened, refused or neither', async () => {
    const script = `
      import { keyedTokens, udpTransport } from '@xorrery/mainline';
      const tokens = keyedTokens({ bytes: (count) => new Uint8Array(count) });
      const inbox = { received() {}, malformed() {}, unsent() {} };
      const make = (host) => udpTransport({ host, port: 0, tokens, clock: { now: () => 0 } });
      make('127.0.0.1');
      await make('192.0.2.1').open(inbox).catch(() => {});
      const bob = make('127.0.0.1');
      const endpoint = await bob.open(inbox);
      bob.send(endpoint, { type: 'reply', tid: '6161', sender: '00'.repeat(20), reply: {} });
      await bob.close();
      console.log('closed');`;
    const root = fileURLToPath(new URL('../../..', import.meta.url));
    const options = { cwd: root, timeout: 30_000 };
    const ended = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], options);
    expect(ended).toEqual({ stdout: 'closed\n', stderr: '' });
  });

  it('while it opens settles the opening', async () => {
    const made = transport();
    const opening = made.open(recorder().inbox).catch((error: unknown) => error);
    await made.close();
    const outcome = await opening;
    expect(typeof outcome === 'string' || outcome instanceof TransportError).toBe(true);
  });

  it('leaks no listeners: a thousand packets and twenty openings warn of nothing', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): number => warnings.push(warning);
    process.on('warning', warned);
    cleanups.push(() => process.off('warning', warned));
    for (let i = 0; i < 20; i++) {
      const bob = await opened();
      for (let j = 0; j < 50; j++) bob.transport.send(bob.endpoint, ping);
      for (let j = 0; j < 50; j++) await bob.next();
      await bob.transport.close();
    }
    expect(warnings).toEqual([]);
  });
});
