/** The one contract over both transports: in memory, and UDP on loopback. */
import { MemoryRouter, SystemClock, systemEntropy, VirtualTime } from '@xorrery/coordinator';
import { idFromHex } from '@xorrery/core';
import { type KrpcIn, type KrpcOut, keyedTokens, udpTransport } from '@xorrery/mainline';
import { type TransportBench, transportContract } from '@xorrery/testkit';
import { describe, it } from 'vitest';

type Bench = TransportBench<KrpcOut, KrpcIn>;

const sender = idFromHex('01'.repeat(20), 160);
const messages: Pick<Bench, 'message' | 'tidOf'> = {
  message: (tid) => ({ type: 'request', tid, sender, readOnly: false, request: { method: 'ping' } }),
  tidOf: (message) => message.tid,
};

const inMemory = (): Bench => {
  const time = new VirtualTime();
  const router = new MemoryRouter<KrpcOut, KrpcIn>(time, (message) => message as KrpcIn);
  let next = 1;
  return {
    ...messages,
    fresh: () => router.join(`10.0.0.${next++}:6881`),
    at: (endpoint) => router.join(endpoint),
    pump: () => time.advance(1),
  };
};

const overUdp = (): Bench => {
  const tokens = keyedTokens(systemEntropy);
  const clock = new SystemClock();
  const on = (port: number) => udpTransport({ host: '127.0.0.1', port, tokens, clock });
  return {
    ...messages,
    fresh: () => on(0),
    at: (endpoint) => on(Number(endpoint.split(':')[1])),
    pump: () => new Promise((resolve) => setTimeout(resolve, 1)),
  };
};

describe('[D07][U18] the transport contract, in memory', () => {
  for (const { claim, run } of transportContract(inMemory)) it(claim, run);
});

describe('[D07][U18] the transport contract, over UDP', () => {
  for (const { claim, run } of transportContract(overUdp)) it(claim, run);
});
