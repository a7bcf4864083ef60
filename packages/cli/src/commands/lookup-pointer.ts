/**
 * `xorrery lookup MAGNET`, where the magnet names the owner of a pointer (BEP 46): finds the pointer, then the peers of the
 * torrent it names.
 */
import { findPointed, type ItemOwner, type Peer, type PointedReport, targetOfOwner } from '@xorrery/mainline';
import { seedsOf } from '../args.ts';
import { exitCodeOf, type Outcome, perform, reasonOf, whyNothing } from '../client.ts';
import { Failure } from '../failure.ts';
import { LookupScreen } from '../ui/lookup-screen.ts';
import type { Io } from '../ui/terminal.ts';
import { count, hostPort, nodeJson, time } from '../ui/text.ts';
import type { ClientOptions } from './common.ts';

export async function follow(owner: ItemOwner, options: ClientOptions, io: Io): Promise<number> {
  const { timeout, json = false, record } = options;
  const seeds = seedsOf(options.bootstrap);
  const target = targetOfOwner(owner);
  const title = `Looking for peers of what ${String(owner.publicKey).slice(0, 8)}… points to`;
  const screen = new LookupScreen(io, { title, target, json, countsPeers: false });
  try {
    const outcome = await perform({
      ...{ seeds, timeout, record, io, json },
      begin: (node, operation) => findPointed(node, owner, operation),
      watch: (event, operation) => screen.take(event, operation),
      found: (peer: Peer) => {
        if (!json) screen.result(peer.key);
      },
    });
    const { pointer, infoHash, torrent } = outcome.report;
    const peers = torrent?.values ?? [];
    const queried = pointer.queried + (torrent?.counts.requests ?? 0);
    const responded = pointer.responded + (torrent?.counts.answered ?? 0);
    const reason = reasonOf(torrent?.reason ?? pointer.reason, outcome.cut);
    const elapsed = pointer.elapsed + (torrent?.elapsed ?? 0);
    const ending = `asked ${queried}, answered ${responded}, ${reason} in ${time(elapsed)}`;
    screen.end(peers.length > 0 ? `${count(peers.length, 'peer')} of ${infoHash} found: ${ending}` : undefined);
    if (json) {
      const { seq, target: at } = pointer;
      const named = { pointer: { target: at, ...(seq === undefined ? undefined : { seq }) }, target: infoHash };
      const found = { peers: peers.map((peer) => hostPort(peer.key)), closest: (torrent?.closest ?? []).map(nodeJson) };
      const totals = { queried, responded, hops: torrent?.hops ?? pointer.hops, durationMs: elapsed, reason };
      io.out.write(`${JSON.stringify({ ...named, ...found, ...totals })}\n`);
    }
    const exitCode = exitCodeOf(peers.length > 0, outcome.cut);
    if (peers.length > 0) return exitCode;
    throw new Failure(whyNothing(outcome, responded, seeds) ?? `${missing(outcome)}: ${ending}`, exitCode);
  } finally {
    screen.end();
  }
}

/** What there is none of. */
function missing({ report: { pointer, infoHash } }: Outcome<PointedReport>): string {
  if (pointer.item === undefined) return `no pointer found under ${pointer.target}`;
  if (infoHash === undefined) return `the item under ${pointer.target} is no pointer: it names no infohash`;
  return `no peers found of ${infoHash}`;
}
