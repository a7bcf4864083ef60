/** One step of a world: a choice is taken, and what it must and must not bring about is known from the book. */
import type { Endpoint } from '@xorrery/core';
import { answerOf } from '../model.ts';
import { claim } from '../violation.ts';
import { Carrier, type Taken } from './carrier.ts';
import { additionOf, lookupOf, type Machines, NO_BUDGET, poolConfigOf, type SmallNet } from './small-net.ts';
import { type Choice, type Packet, STRANGER, type World } from './world.ts';

/** The net before anything happened but that its first lookups were added. */
export function begin(net: SmallNet, machines: Machines): Taken {
  const { lookups, begun = lookups.length, budget, self } = net;
  // Room for 32 transaction ids where entropy comes at once, for the least that is legal where it has to be awaited.
  const poolBytes = net.entropy === 'travels' ? 8 : 64;
  const turn = new Turn(
    net,
    {
      now: 0,
      pool: machines.initPool(poolConfigOf(net)),
      wire: machines.initWire({ tidBytes: 2, poolBytes, self, readOnly: false }),
      packets: [],
      owed: [],
      alive: [],
      left: { ...NO_BUDGET, adds: lookups.length - begun, ...budget },
      serials: 0,
      entropy: 0,
    },
    machines,
  );
  for (const { id } of lookups.slice(0, begun)) turn.add(id);
  return turn.done();
}

/** The world after a choice, which must be open in it. Throws `ViolationError` when a promise was broken. */
export function take(net: SmallNet, world: World, choice: Choice, machines: Machines): Taken {
  const turn = new Turn(net, world, machines);
  turn.take(choice);
  return turn.done();
}

class Turn {
  readonly #net: SmallNet;
  readonly #machines: Machines;
  readonly #carrier: Carrier;

  constructor(net: SmallNet, world: World, machines: Machines) {
    this.#net = net;
    this.#machines = machines;
    this.#carrier = new Carrier(net, world, machines);
  }

  done(): Taken {
    return this.#carrier.done();
  }

  take(choice: Choice): void {
    const { world } = this.#carrier;
    switch (choice.do) {
      case 'deliver':
        return this.#deliver(this.#remove(choice.packet));
      case 'lose':
        this.#spend('losses');
        this.#remove(choice.packet);
        return;
      case 'copy':
        this.#spend('copies');
        return this.#deliver(this.#find(choice.packet));
      case 'refuse':
        this.#spend('refusals');
        return this.#refuse(this.#remove(choice.packet));
      case 'forge':
        this.#spend('forgeries');
        return this.#answer(this.#find(choice.packet), STRANGER);
      case 'wait': {
        const deadline = this.#machines.nextPoolDeadline(world.pool);
        claim(deadline !== undefined, 'time passes towards a deadline');
        world.now = deadline;
        return;
      }
      case 'wake':
        return this.#carrier.stepPool({ type: 'tick' });
      case 'add':
        this.#spend('adds');
        return this.add(choice.id);
      case 'cancel':
        this.#spend('cancels');
        this.#carrier.stepPool({ type: 'cancel', id: choice.id });
        claim(!world.alive.includes(choice.id), 'G16: who is cancelled has ended', () => choice.id);
        return;
      case 'close':
        this.#spend('closes');
        this.#carrier.stepPool({ type: 'close' });
        claim(world.alive.length === 0, 'F17: closing ends every lookup', () => world.alive);
        return;
    }
  }

  add(id: string): void {
    const { world } = this.#carrier;
    world.alive = [...world.alive, id];
    this.#carrier.stepPool(additionOf(this.#net, lookupOf(this.#net, id)));
  }

  #spend(what: keyof World['left']): void {
    const { world } = this.#carrier;
    claim(world.left[what] > 0, `there are ${what} left`);
    world.left = { ...world.left, [what]: world.left[what] - 1 };
  }

  #find(serial: number): Packet {
    const packet = this.#carrier.world.packets.find((it) => it.serial === serial);
    claim(packet !== undefined, 'only what is under way arrives', () => serial);
    return packet;
  }

  #remove(serial: number): Packet {
    const packet = this.#find(serial);
    const { world } = this.#carrier;
    world.packets = world.packets.filter((it) => it !== packet);
    return packet;
  }

  #refuse(packet: Packet): void {
    claim(packet.kind === 'request', 'only a request is refused');
    const { endpoint, tid, request } = packet;
    this.#carrier.send({ kind: 'error', endpoint, tid, request });
  }

  #deliver(packet: Packet): void {
    switch (packet.kind) {
      case 'entropy':
        return this.#carrier.stepWire({ type: 'entropy', bytes: this.#carrier.entropy(packet.bytes) });
      case 'request': {
        const { endpoint, tid, request, find } = packet;
        const said = answerOf(this.#net.model, endpoint, find);
        // Nobody is there.
        if (said === undefined) return;
        const { from: sender, answer } = said;
        return this.#carrier.send({ kind: 'reply', endpoint, tid, request, sender, answer });
      }
      case 'reply':
      case 'error':
        return this.#answer(packet, packet.endpoint);
    }
  }

  #answer(packet: Packet, from: Endpoint): void {
    claim(packet.kind === 'reply' || packet.kind === 'error', 'only answers answer');
    const { world, said } = this.#carrier;
    const { tid, request } = packet;
    const isOpen = (): boolean => world.owed.some((it) => it.request === request);
    const isOwed = isOpen() && from === packet.endpoint;
    const before = said.length;
    if (packet.kind === 'error') {
      const message = { type: 'error', tid, code: 201, text: 'refused' } as const;
      this.#carrier.stepWire({ type: 'answer', from, message });
    } else {
      const { sender, answer: reply } = packet;
      this.#carrier.stepWire({ type: 'answer', from, message: { type: 'reply', tid, sender, reply } });
    }
    if (isOwed) claim(!isOpen(), 'G16 R08: an answer that is owed is taken, in time or late', () => packet);
    else {
      const heeded = said.slice(before).filter((it) => it.effect.type !== 'anomaly');
      claim(heeded.length === 0, 'F31 T33: an answer not owed, or from elsewhere, teaches nothing', () => heeded);
    }
  }
}
