/** The one contract over both transports: in memory, and UDP on loopback. */
import { MemoryRouter, SystemClock, systemEntropy, VirtualTime } from '@xorrery/coordinator';
import { type KrpcIn, type KrpcOut, keyedTokens, udpTransport } from '@xorrery/mainline';
import { transportContract } from './transport-contract.ts';

transportContract('in memory', () => {
  const time = new VirtualTime();
  const router = new MemoryRouter<KrpcOut, KrpcIn>(time, (message) => message as KrpcIn);
  let next = 1;
  return {
    fresh: () => router.join(`10.0.0.${next++}:6881`),
    at: (endpoint) => router.join(endpoint),
    pump: () => time.advance(1),
  };
});

transportContract('UDP', () => {
  const tokens = keyedTokens(systemEntropy);
  const clock = new SystemClock();
  const on = (port: number) => udpTransport({ host: '127.0.0.1', port, tokens, clock });
  return {
    fresh: () => on(0),
    at: (endpoint) => on(Number(endpoint.split(':')[1])),
    pump: () => new Promise((resolve) => setTimeout(resolve, 1)),
  };
});
