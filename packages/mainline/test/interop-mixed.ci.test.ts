/** A network of both: ten nodes of ours and ten of `bittorrent-dht`, over UDP on loopback. */
import { createHash } from 'node:crypto';
import { type Id, idFromHex } from '@xorrery/core';
import { afterEach, describe, expect, it } from 'vitest';
import { HOST, type Member, ours, theirs } from './interop-nodes.ts';

const SIZE = 20;

const members: Member[] = [];
afterEach(() => Promise.all(members.splice(0).map((member) => member.close())));

const infoHashOf = (index: number): Id => idFromHex(createHash('sha1').update(`torrent ${index}`).digest('hex'), 160);
const portOf = (index: number): number => 20_001 + index;

describe('in a network of ten nodes of ours and ten of bittorrent-dht', () => {
  it.each([
    ['ours', [ours, theirs]],
    ['theirs', [theirs, ours]],
  ] as const)(
    '[X13] joined one by one through a first of %s, every node finds what any other announced',
    async (_, kinds) => {
      for (let i = 0; i < SIZE; i++) {
        const start = kinds[i % 2] as (typeof kinds)[number];
        members.push(await start(members.slice(0, 1).map(({ endpoint }) => endpoint)));
      }
      for (const [i, member] of members.entries()) {
        expect(await member.announce(infoHashOf(i), portOf(i)), `announce of ${i}`).toBeGreaterThan(0);
      }
      const missed: string[] = [];
      for (const [i, member] of members.entries()) {
        for (let j = 0; j < SIZE; j++) {
          const found = await member.lookup(infoHashOf(j));
          if (found.length === 1 && found[0] === `${HOST}:${portOf(j)}`) continue;
          const announcer = members[j]?.team;
          missed.push(`${i} (${member.team}) of ${j} (${announcer}): found ${found.join(' ') || 'nothing'}`);
        }
      }
      expect(missed).toEqual([]);
    },
  );
});
