/** What every transport of the coordinator's port must do: one suite, run over each of them. */
import type { Inbox, Transport } from '@xorrery/coordinator';
import { type Endpoint, idFromHex } from '@xorrery/core';
import type { KrpcIn, KrpcOut } from '@xorrery/mainline';
import { describe, expect, it } from 'vitest';

export interface TransportBench {
  /** A transport at an endpoint of its own. */
  fresh(): Transport<KrpcOut, KrpcIn>;
  /** Another transport at this endpoint. */
  at(endpoint: Endpoint): Transport<KrpcOut, KrpcIn>;
  /** Lets what is under way come a step nearer. */
  pump(): Promise<void>;
}

const sender = idFromHex('01'.repeat(20), 160);
const ping = (tid: string): KrpcOut => ({ type: 'request', tid, sender, readOnly: false, request: { method: 'ping' } });
const pong = (tid: string): KrpcOut => ({ type: 'reply', tid, sender, reply: {} });

/** Remembers what it was given. */
class Box implements Inbox<KrpcIn> {
  readonly got: { readonly from: Endpoint; readonly message: KrpcIn }[] = [];
  readonly others: string[] = [];
  received(from: Endpoint, message: KrpcIn): void {
    this.got.push({ from, message });
  }
  malformed(from: Endpoint): void {
    this.others.push(`malformed from ${from}`);
  }
  unsent(to: Endpoint): void {
    this.others.push(`unsent to ${to}`);
  }
  get tids(): string[] {
    return this.got.map((it) => it.message.tid);
  }
}

export const transportContract = (name: string, makeBench: () => TransportBench): void => {
  describe(`[D07] the transport contract: ${name}`, () => {
    const open = async (bench: TransportBench) => {
      const transport = bench.fresh();
      const box = new Box();
      const endpoint = await transport.open(box);
      return { transport, box, endpoint };
    };
    const until = async (bench: TransportBench, done: () => boolean): Promise<void> => {
      for (let i = 0; !done() && i < 10_000; i++) await bench.pump();
      expect(done()).toBe(true);
    };

    it('carries requests and replies, each from the endpoint that open resolved to', async () => {
      const bench = makeBench();
      const [a, b] = [await open(bench), await open(bench)];
      expect(a.endpoint).not.toBe(b.endpoint);
      a.transport.send(b.endpoint, ping('0a01'));
      await until(bench, () => b.box.got.length === 1);
      expect(b.box.got[0]).toEqual({ from: a.endpoint, message: ping('0a01') });
      b.transport.send(a.endpoint, pong('0a01'));
      await until(bench, () => a.box.got.length === 1);
      expect(a.box.got[0]).toEqual({ from: b.endpoint, message: pong('0a01') });
      await Promise.all([a.transport.close(), b.transport.close()]);
    });

    it('gives nothing to the inbox from within send, not even what is sent to itself', async () => {
      const bench = makeBench();
      const a = await open(bench);
      a.transport.send(a.endpoint, ping('0a01'));
      a.transport.send('not an endpoint', ping('0a02'));
      expect([a.box.got, a.box.others]).toEqual([[], []]);
      await until(bench, () => a.box.got.length === 1);
      await a.transport.close();
    });

    it('throws for no packet: nobody there, no such address, nothing that reads as one', async () => {
      const bench = makeBench();
      const [a, b] = [await open(bench), await open(bench)];
      await b.transport.close();
      for (const to of [b.endpoint, 'nowhere', '', '1.2.3.4', '1.2.3.4:0', '[::1]:5', '999.1.1.1:70000']) {
        expect(() => a.transport.send(to, ping('0a01'))).not.toThrow();
      }
      for (let i = 0; i < 20; i++) await bench.pump();
      const c = await open(bench);
      a.transport.send(c.endpoint, ping('0a02'));
      await until(bench, () => c.box.tids.includes('0a02'));
      await Promise.all([a.transport.close(), c.transport.close()]);
    });

    it('sends nothing before it is open, and nothing after it is closed', async () => {
      const bench = makeBench();
      const to = await open(bench);
      const early = bench.fresh();
      early.send(to.endpoint, ping('0a01'));
      await early.open(new Box());
      const late = await open(bench);
      await late.transport.close();
      late.transport.send(to.endpoint, ping('0a02'));
      // What is sent after the others arrives after them: then they would be there.
      early.send(to.endpoint, ping('0a03'));
      await until(bench, () => to.box.tids.includes('0a03'));
      expect(to.box.tids).toEqual(['0a03']);
      await Promise.all([to.transport.close(), early.close()]);
    });

    it('gives nothing to the inbox any more once closed, and may be closed again', async () => {
      const bench = makeBench();
      const [a, b] = [await open(bench), await open(bench)];
      a.transport.send(b.endpoint, ping('0a01'));
      const closing = b.transport.close();
      await Promise.all([closing, b.transport.close()]);
      const held = b.box.got.length;
      a.transport.send(b.endpoint, ping('0a02'));
      for (let i = 0; i < 50; i++) await bench.pump();
      expect(b.box.got).toHaveLength(held);
      await b.transport.close();
      await a.transport.close();
    });

    it('refuses an endpoint in use with a TransportError, leaves its holder alone, and takes it once it is free', async () => {
      const bench = makeBench();
      const [a, b] = [await open(bench), await open(bench)];
      const error = await bench
        .at(a.endpoint)
        .open(new Box())
        .then(
          () => undefined,
          (it: unknown) => it,
        );
      expect(error).toMatchObject({ name: 'TransportError', code: 'address-in-use' });
      b.transport.send(a.endpoint, ping('0a01'));
      await until(bench, () => a.box.got.length === 1);
      await a.transport.close();
      const heir = bench.at(a.endpoint);
      expect(await heir.open(new Box())).toBe(a.endpoint);
      await Promise.all([heir.close(), b.transport.close()]);
    });

    it('may be closed without having been opened', async () => {
      await makeBench().fresh().close();
    });
  });
};
