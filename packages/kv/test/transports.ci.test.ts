/** The one contract of transports over ours: UDP on loopback, in both families. */
import { SystemClock, systemEntropy } from '@xorrery/coordinator';
import type { Id } from '@xorrery/core';
import { type KvIn, type KvOut, keyedTokens, udpTransport } from '@xorrery/kv';
import { type TransportBench, transportContract } from '@xorrery/testkit';
import { describe, it } from 'vitest';

const sender = '01'.repeat(20) as Id;

const benchOn = (host: string) => (): TransportBench<KvOut, KvIn> => {
  const tokens = keyedTokens(systemEntropy);
  const clock = new SystemClock();
  const on = (port: number) => udpTransport({ host, port, tokens, clock });
  return {
    message: (tid) => ({ type: 'request', tid, sender, readOnly: false, request: { method: 'ping' } }),
    tidOf: (message) => message.tid,
    fresh: () => on(0),
    at: (endpoint) => on(Number(endpoint.slice(endpoint.lastIndexOf(':') + 1))),
    pump: () => new Promise((resolve) => setTimeout(resolve, 1)),
  };
};

describe('[D07][D11][U18] the transport contract, over UDP of the key-value store', () => {
  for (const { claim, run } of transportContract(benchOn('127.0.0.1'))) it(claim, run);
});

describe('[D07][D11][U18] the transport contract, over UDP of the key-value store on IPv6', () => {
  for (const { claim, run } of transportContract(benchOn('::1'))) it(claim, run);
});
