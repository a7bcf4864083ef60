/** Counterexamples for people: each choice of a path, when it came, and what it brought about. */
import type { PoolEffect, WireEffect } from '@xorrery/core';
import type { Said, Taken } from './carrier.ts';
import { CORE, type Machines, type SmallNet, type Talk } from './small-net.ts';
import { begin, take } from './turn.ts';
import { type Choice, STRANGER, type World } from './world.ts';

/** The path, one line a choice, to its end or to the promise that was broken on it. */
export function replay(net: SmallNet, choices: readonly Choice[], machines: Machines = CORE): string[] {
  const lines: string[] = [];
  let world: World | undefined;
  const step = (what: string, run: () => Taken): boolean => {
    const at = world === undefined ? 0 : world.now;
    try {
      const taken = run();
      const said = taken.said.flatMap(saidAs).join(', ');
      world = taken.world;
      lines.push(`${String(at).padStart(5)}  ${what}${said === '' ? '' : `  ->  ${said}`}`);
      return true;
    } catch (error) {
      lines.push(`${String(at).padStart(5)}  ${what}  ->  ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  };
  if (!step('begin', () => begin(net, machines))) return lines;
  for (const choice of choices) {
    const before = world as unknown as World;
    if (!step(choiceAs(before, choice), () => take(net, before, choice, machines))) return lines;
  }
  return lines;
}

/** A choice in words. */
export function choiceAs(world: World, choice: Choice): string {
  switch (choice.do) {
    case 'wait':
      return 'the deadline comes';
    case 'wake':
      return 'the pool is woken';
    case 'close':
      return 'the pool is closed';
    case 'add':
    case 'cancel':
      return `${choice.do} ${choice.id}`;
  }
  const packet = packetAs(world, choice.packet);
  switch (choice.do) {
    case 'deliver':
      return `${packet} arrives`;
    case 'lose':
      return `${packet} is lost`;
    case 'copy':
      return `${packet} arrives, and once more later`;
    case 'refuse':
      return `${packet} is refused`;
    case 'forge':
      return `${packet} comes from ${STRANGER}`;
  }
}

function packetAs({ packets }: World, serial: number): string {
  const packet = packets.find((it) => it.serial === serial);
  if (packet === undefined) return `packet ${serial}`;
  if (packet.kind === 'entropy') return 'the entropy';
  return packet.kind === 'request' ? `the request to ${packet.endpoint}` : `the ${packet.kind} of ${packet.endpoint}`;
}

/** What was said, but for what only repeats it. */
function saidAs({ by, effect }: Said): string[] {
  return by === 'pool' ? [poolSaid(effect)] : wireSaid(effect);
}

function poolSaid(said: PoolEffect<Talk>): string {
  if (said.type === 'rejected') return `${said.id}: rejected ${said.reason}`;
  const { id, effect } = said;
  switch (effect.type) {
    case 'send':
    case 'unanswered':
      return `${id}: ${effect.type} ${effect.to.endpoint}`;
    case 'abandon':
      return `${id}: abandon ${effect.to}`;
    case 'recalled':
      return `${id}: recalled`;
    case 'progressed':
      return `${id}: ${effect.late ? 'late ' : ''}answer of ${effect.from.endpoint}`;
    case 'finished':
      return `${id}: finished ${effect.report.reason}`;
  }
}

function wireSaid(effect: WireEffect<Talk>): string[] {
  if (effect.type === 'anomaly') return [`anomaly ${effect.cause}`];
  return effect.type === 'failed' ? [`${effect.endpoint} failed: ${effect.cause}`] : [];
}
