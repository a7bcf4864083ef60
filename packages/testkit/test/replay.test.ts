import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeNode } from '@xorrery/core';
import { mainline } from '@xorrery/mainline';
import { describe, expect, it } from 'vitest';
import { expectReplay } from '../src/replay.ts';

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../trace/test/golden/${name}.ndjson`, import.meta.url));
const machine = makeNode(mainline);

describe('a trace as a test', () => {
  it.each(['mainline', 'kv'])('[X03] passes when the %s node of today does the same', async (name) => {
    expect(await expectReplay(golden(name))).toMatchObject({ identical: true });
  });

  it('[X03] fails with the step that went another way, expected and actual', async () => {
    const mute: typeof machine = {
      ...machine,
      advance(state, event, now) {
        const step = machine.advance(state, event, now);
        return event.type === 'lookup' ? { ...step, effects: step.effects.slice(1) } : step;
      },
    };
    const failing = expectReplay(golden('mainline'), mute);
    await expect(failing).rejects.toMatchObject({ name: 'ViolationError' });
    await expect(failing).rejects.toThrow(
      /mainline\.ndjson: step \d+ at \d+ ms \(lookup\) went another way\neffects differ first at/,
    );
    await expect(failing).rejects.toThrow(/\n- \{"type":"query","id":"op0".*\n\+ \{"type":"transmit"/);
  });

  it('[X03] fails clearly for a file that is no trace, or was edited', async () => {
    await expect(expectReplay('nowhere.ndjson')).rejects.toMatchObject({ name: 'TraceError', reason: 'not-a-trace' });
    const path = join(mkdtempSync(join(tmpdir(), 'xorrery-')), 'edited.ndjson');
    writeFileSync(path, readFileSync(golden('mainline'), 'utf8').replace('"method":"ping"', '"method":"pong"'));
    await expect(expectReplay(path)).rejects.toMatchObject({ name: 'TraceError', reason: 'edited' });
  });
});
