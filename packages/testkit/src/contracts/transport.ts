/**
 * What every transport must do: carry messages between open endpoints, give nothing to the inbox from within `send` or
 * after `close`, and never throw for a packet. It does not ask for reliability: benches carry what is sent, some time.
 */
import type { Endpoint } from '@xorrery/core';
import { claim } from '../violation.ts';
import { type ContractCase, contractCase } from './contract.ts';

/** The part of a transport that the contract is about; the coordinator's `Transport` is one. */
export interface TransportUnderTest<Out, In> {
  open(inbox: {
    received(from: Endpoint, message: In, bytes?: number): void;
    malformed(from: Endpoint, packet: { readonly cause: string }): void;
    unsent(to: Endpoint, tid: string, cause: string): void;
  }): Promise<Endpoint>;
  send(to: Endpoint, message: Out): void;
  close(): Promise<void>;
}

/** How the suite gets transports, messages and time. */
export interface TransportBench<Out, In> {
  /** A transport at an endpoint of its own. */
  fresh(): TransportUnderTest<Out, In>;
  /** Another transport at this endpoint. */
  at(endpoint: Endpoint): TransportUnderTest<Out, In>;
  /** A message with this transaction id (hex); `tidOf` reads it back from what arrived. */
  message(tid: string): Out;
  tidOf(message: In): string;
  /** Lets what is under way come a step nearer. */
  pump(): Promise<void>;
}

/** What a transport gave its inbox. */
class Box<In> {
  readonly got: { readonly from: Endpoint; readonly message: In }[] = [];
  others = 0;

  received(from: Endpoint, message: In): void {
    this.got.push({ from, message });
  }

  malformed(): void {
    this.others++;
  }

  unsent(): void {
    this.others++;
  }
}

const PUMPS = 10_000;

/** The suite. `makeBench` is called once for each case. */
export function transportContract<Out, In>(makeBench: () => TransportBench<Out, In>): readonly ContractCase[] {
  type Bench = TransportBench<Out, In>;
  const opened = async (bench: Bench) => {
    const transport = bench.fresh();
    const box = new Box<In>();
    return { transport, box, endpoint: await transport.open(box) };
  };
  const until = async (bench: Bench, done: () => boolean, what: string): Promise<void> => {
    for (let i = 0; !done() && i < PUMPS; i++) await bench.pump();
    claim(done(), what);
  };
  const tids = (bench: Bench, box: Box<In>): string[] => box.got.map((it) => bench.tidOf(it.message));
  const close = async (...transports: TransportUnderTest<Out, In>[]): Promise<void> => {
    for (const transport of transports) await transport.close();
  };

  return [
    contractCase('carries messages, each from the endpoint that open resolved to', async () => {
      const bench = makeBench();
      const [a, b] = [await opened(bench), await opened(bench)];
      claim(a.endpoint !== b.endpoint, 'each has an endpoint of its own');
      a.transport.send(b.endpoint, bench.message('0a01'));
      await until(bench, () => b.box.got.length === 1, 'what was sent arrives');
      claim(b.box.got[0]?.from === a.endpoint && tids(bench, b.box)[0] === '0a01', 'from its sender, as it was sent');
      b.transport.send(a.endpoint, bench.message('0a02'));
      await until(bench, () => a.box.got.length === 1, 'and the other way round');
      await close(a.transport, b.transport);
    }),

    contractCase('gives nothing to the inbox from within send, not even what is sent to itself', async () => {
      const bench = makeBench();
      const a = await opened(bench);
      a.transport.send(a.endpoint, bench.message('0a01'));
      a.transport.send('not an endpoint', bench.message('0a02'));
      claim(a.box.got.length + a.box.others === 0, 'the inbox is empty when send returns');
      await until(bench, () => a.box.got.length === 1, 'what was sent to itself arrives later');
      await close(a.transport);
    }),

    contractCase('throws for no packet: nobody there, no such address, nothing that reads as one', async () => {
      const bench = makeBench();
      const [a, b] = [await opened(bench), await opened(bench)];
      await b.transport.close();
      for (const to of [b.endpoint, 'nowhere', '', '1.2.3.4', '1.2.3.4:0', '[::1]:5', '999.1.1.1:70000']) {
        a.transport.send(to, bench.message('0a01'));
      }
      for (let i = 0; i < 20; i++) await bench.pump();
      const c = await opened(bench);
      a.transport.send(c.endpoint, bench.message('0a02'));
      await until(bench, () => tids(bench, c.box).includes('0a02'), 'the transport still works');
      await close(a.transport, c.transport);
    }),

    contractCase('sends nothing before it is open, and nothing after it is closed', async () => {
      const bench = makeBench();
      const to = await opened(bench);
      const early = bench.fresh();
      early.send(to.endpoint, bench.message('0a01'));
      await early.open(new Box<In>());
      const late = await opened(bench);
      await late.transport.close();
      late.transport.send(to.endpoint, bench.message('0a02'));
      // What is sent after the others arrives after them: then they would be there.
      early.send(to.endpoint, bench.message('0a03'));
      await until(bench, () => tids(bench, to.box).includes('0a03'), 'what was sent while open arrives');
      claim(to.box.got.length === 1, 'and nothing else', () => tids(bench, to.box));
      await close(to.transport, early);
    }),

    contractCase('gives nothing to the inbox any more once closed, and may be closed again', async () => {
      const bench = makeBench();
      const [a, b] = [await opened(bench), await opened(bench)];
      a.transport.send(b.endpoint, bench.message('0a01'));
      await Promise.all([b.transport.close(), b.transport.close()]);
      const held = b.box.got.length;
      a.transport.send(b.endpoint, bench.message('0a02'));
      for (let i = 0; i < 50; i++) await bench.pump();
      claim(b.box.got.length === held, 'the inbox of a closed transport gets nothing');
      await close(b.transport, a.transport);
    }),

    contractCase('refuses an endpoint in use with a TransportError, and takes it once it is free', async () => {
      const bench = makeBench();
      const [a, b] = [await opened(bench), await opened(bench)];
      const refusal: unknown = await bench
        .at(a.endpoint)
        .open(new Box<In>())
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      const { name, code } = (refusal ?? {}) as { name?: unknown; code?: unknown };
      claim(name === 'TransportError' && code === 'address-in-use', 'a TransportError says so', () => refusal);
      b.transport.send(a.endpoint, bench.message('0a01'));
      await until(bench, () => a.box.got.length === 1, 'its holder is left alone');
      await a.transport.close();
      const heir = bench.at(a.endpoint);
      claim((await heir.open(new Box<In>())) === a.endpoint, 'free again, it can be taken');
      await close(heir, b.transport);
    }),

    contractCase('may be closed without having been opened', async () => {
      await makeBench().fresh().close();
    }),
  ];
}
