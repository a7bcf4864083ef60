// What a trace costs: bytes an event gzipped, flushed each second as a live node's is; the work of the observer and of
// encoding beside that of the node itself; and replaying beside running.
import { once } from 'node:events';
import { constants, createGzip } from 'node:zlib';
import { makeNode } from '@xorrery/core';
import { mainline } from '@xorrery/mainline';
import { loadTrace, Recorder, Replay } from '@xorrery/trace';
import { digits, inTurns, printTable, ratio } from './support.mjs';
import { turnsOf } from './trace.network.mjs';

const machine = makeNode(mainline);

/** Records turns, flushing whenever a second has gone by on the node's clock; what was written, in pieces. */
const record = (turns, hashEvery = 1_000) => {
  const pieces = [];
  const sink = { backlog: 0, size: 0, begin: () => {}, write: (text) => pieces.push(text) };
  const never = () => {};
  const options = {
    profile: mainline,
    sink,
    later: never,
    wall: () => 0,
    maxBytes: Number.MAX_SAFE_INTEGER,
    hashEvery,
  };
  const recorder = new Recorder(options);
  let flushed = 0;
  for (const { at, event, effects, state } of turns) {
    if (at - flushed >= 1_000) {
      recorder.flush();
      flushed = at;
    }
    recorder.observer(at, event, effects, state);
  }
  recorder.close();
  return pieces;
};

const gzipped = async (pieces) => {
  const gzip = createGzip();
  let bytes = 0;
  gzip.on('data', (chunk) => {
    bytes += chunk.length;
  });
  for (const piece of pieces) {
    gzip.write(piece);
    await new Promise((done) => gzip.flush(constants.Z_SYNC_FLUSH, () => done(undefined)));
  }
  gzip.end();
  await once(gzip, 'end');
  return bytes;
};

const step = (turns) => {
  let state = machine.init(turns[0].state.config);
  for (const { at, event } of turns) state = machine.advance(state, event, at).state;
  return turns.length;
};

export const run = async ({ short }) => {
  const summary = [];
  const rows = [];
  for (const [k, limit] of [
    [8, 150],
    [20, 250],
  ]) {
    const { turns, running: whole } = await turnsOf({ k, nodes: short ? 30 : 300, rounds: short ? 10 : 400 });
    const pieces = record(turns);
    const text = pieces.join('');
    const bytes = await gzipped(pieces);
    const trace = await loadTrace([text]);
    const [running, observing, encoding, parsing, replaying] = inTurns(
      [
        () => step(turns),
        () => {
          const pending = [];
          for (const turn of turns) pending.push(turn);
          return pending.length;
        },
        () => record(turns).length && turns.length,
        () => {
          for (const line of text.split('\n')) if (line !== '') JSON.parse(line);
          return turns.length;
        },
        () => {
          const replay = new Replay(trace.header, machine);
          if (!trace.entries.every((it) => replay.take(it))) throw new Error('it diverges');
          return turns.length;
        },
      ],
      short ? 1 : 7,
    );
    const span = turns.at(-1).at - turns[0].at;
    const perEvent = bytes / turns.length;
    rows.push(
      [`k ${k}: events in ${Math.round(span / 1_000)} s`, turns.length, ''],
      ['  bytes an event, plain', digits(text.length / turns.length), ''],
      ['  bytes an event, gzipped', digits(perEvent), `of ${limit}`],
      ['  us an event: run (node, coordinator, codec)', digits(whole), ratio(whole * 1_000, running)],
      ['  us an event: the node alone', digits(running / 1_000), ''],
      ['  us an event: observer, on the turn', digits(observing / 1_000), ratio(observing, running)],
      ['  us an event: encoding, off the turn', digits(encoding / 1_000), ratio(encoding, running)],
      ['  us an event: JSON.parse alone', digits(parsing / 1_000), ratio(parsing, running)],
      ['  us an event: replay', digits(replaying / 1_000), ratio(replaying, running)],
    );
    summary.push(
      `trace: ${digits(perEvent)} bytes an event at k ${k} (at most ${limit}), replay ${ratio(replaying, whole * 1_000)} of the run`,
    );
  }
  printTable(['', '', ''], rows);
  return summary;
};
