import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decoder, Encoder } from '../src/codec.ts';
import { canonical, firstDifference, hashOf, sameJson, TraceError } from '../src/index.ts';
import { checksum, EMPTY_SUM } from '../src/json.ts';

const id = fc.string({ minLength: 40, maxLength: 40, unit: fc.constantFrom(...'0123456789abcdef') });
const endpoint = fc.tuple(fc.ipV4(), fc.integer({ min: 1, max: 65_535 })).map(([host, port]) => `${host}:${port}`);
const few = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.array(arbitrary, { minLength: 3, maxLength: 3 }).chain((some) => fc.constantFrom(...some));
const sigil = fc.tuple(fc.constantFrom(...'=@#:~'), fc.string()).map(([first, rest]) => first + rest);
const json = fc
  .letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ noUnicodeString: false }),
      few(id),
      few(endpoint),
      sigil,
      fc.record({ id: few(id), endpoint: few(endpoint) }),
      fc.array(tie('value')),
      fc.dictionary(fc.oneof(fc.string(), fc.constant('__proto__')), tie('value')),
    ),
  }))
  .value.map((it) => JSON.parse(JSON.stringify(it)) as unknown);

describe('the codec', () => {
  it('[X03] gives back any JSON it was given, line after line', () => {
    fc.assert(
      fc.property(fc.array(json, { maxLength: 20 }), (values) => {
        const [encoder, decoder] = [new Encoder(), new Decoder()];
        for (const value of values) {
          const text = encoder.encode(value);
          expect(text).not.toContain('\n');
          expect(JSON.stringify(decoder.decode(text))).toBe(JSON.stringify(value));
        }
      }),
    );
  });

  it('writes a contact once and a number afterwards, in whole and in part', () => {
    const encoder = new Encoder();
    const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];
    expect(encoder.encode({ from: '1.2.3.4:5' })).toBe('{"from":":=1.2.3.4:5"}');
    expect(encoder.encode([{ id: a, endpoint: '1.2.3.4:5' }])).toBe(`["=${a} :0"]`);
    expect(encoder.encode([{ id: a, endpoint: '1.2.3.4:5' }, a, '1.2.3.4:5', b, b])).toBe(
      `["@1","#1",":1","#=${b}","#2"]`,
    );
  });

  it('[X03] gives numbers out anew after 16,384, on both sides alike', () => {
    const [encoder, decoder] = [new Encoder(), new Decoder()];
    const contact = (n: number) => ({
      id: n.toString(16).padStart(40, '0'),
      endpoint: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}:1`,
    });
    for (let n = 0; n < 40_000; n++) {
      const value = [contact(n), contact(n >> 1), contact((n * 7) % 20_000).id, contact(n % 17_000).endpoint];
      expect(decoder.decode(encoder.encode(value))).toEqual(value);
    }
  });

  it.each([
    ['no JSON', '{'],
    ['a number nobody has', '"@3"'],
    ['a far number', '"#99999999999"'],
    ['an id that is none', '"#=zz"'],
    ['an endpoint that is none', '":=nowhere"'],
    ['a contact without an endpoint', `"=${'a'.repeat(40)}"`],
    ['nothing after a sigil', '"@"'],
    ['deep nesting', '['.repeat(5_000) + ']'.repeat(5_000)],
  ])('[X03] refuses %s with a TraceError', (_what, text) => {
    expect(() => new Decoder().decode(text)).toThrow(TraceError);
  });
});

describe('JSON, compared', () => {
  it('is the same exactly when the canonical texts are, and the hashes', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(sameJson(a, structuredClone(a))).toBe(true);
        expect(sameJson(a, b)).toBe(canonical(a) === canonical(b));
        expect(JSON.parse(canonical(a))).toEqual(a);
        expect(firstDifference(a, b) === undefined).toBe(sameJson(a, b));
      }),
    );
  });

  it('takes no notice of the order of keys, nor of what JSON leaves out', () => {
    expect(canonical({ b: 1, a: [undefined, 'é\n'], c: undefined })).toBe('{"a":[null,"é\\n"],"b":1}');
    expect(hashOf({ b: 1, a: 2 })).toBe(hashOf({ a: 2, b: 1, c: undefined }));
    expect(sameJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(firstDifference({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] })).toBe('a[1].b');
  });

  it('has a checksum that goes on from line to line', () => {
    expect(checksum('b', checksum('a', EMPTY_SUM))).toBe(checksum('ab', EMPTY_SUM));
    expect(checksum('a', EMPTY_SUM)).toBe(0xe40c292c);
  });
});
