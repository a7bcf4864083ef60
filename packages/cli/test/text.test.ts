import { describe, expect, it } from 'vitest';
import { oneLine } from '../src/failure.ts';
import { PLAIN, paintFor } from '../src/ui/terminal.ts';
import { bar, count, hostPort, time } from '../src/ui/text.ts';

describe('small texts', () => {
  it('a bar is as long as its share, to an eighth of a column, and never longer than its width', () => {
    expect(bar(0.5, 4)).toBe('██');
    expect(bar(1 / 32, 4)).toBe('▏');
    expect([bar(0, 4), bar(-1, 4), bar(7, 4)]).toEqual(['', '', '████']);
  });

  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_400, '1.4 s'],
    [3_000, '3 s'],
    [59_940, '59.9 s'],
    [59_970, '1 min'],
    [125_000, '2 min 5 s'],
  ])('%i ms read as %s', (ms, text) => {
    expect(time(ms)).toBe(text);
  });

  it('counts in the singular and the plural', () => {
    expect([count(1, 'peer'), count(0, 'peer'), count(1_200, 'node')]).toEqual(['1 peer', '0 peers', '1,200 nodes']);
  });

  it('splits endpoints of both families', () => {
    expect(hostPort('192.0.2.7:1')).toEqual({ host: '192.0.2.7', port: 1 });
    expect(hostPort('[2001:db8::1]:65535')).toEqual({ host: '2001:db8::1', port: 65535 });
  });

  it('[T40] what strangers wrote comes out as one line without control characters', () => {
    expect(oneLine('a\n  b\u001b[2Jc\u0007')).toBe('a b?[2Jc?');
    expect(oneLine('x'.repeat(500)).length).toBeLessThan(410);
  });

  it('colours nothing that no terminal shows', () => {
    const stream = { write: () => true };
    expect(paintFor(stream)).toBe(PLAIN);
    expect(paintFor(stream).red('x')).toBe('x');
  });
});
