/** Faults of the wire. */
import type { Variant } from './variant.ts';

export const WIRE_VARIANTS: readonly Variant[] = [
  {
    name: 'accept from the wrong endpoint',
    breaks: 'whoever knows the transaction id may answer, from anywhere',
    file: 'wire/wire.ts',
    find: 'transaction.endpoint !== from',
    replace: 'transaction.endpoint === undefined',
    net: 'all faults',
    caughtBy: 'F31',
  },
  {
    name: 'transaction ids leak',
    breaks: 'an abandoned request keeps its transaction open',
    file: 'wire/wire.ts',
    find: '  draft.open = remove(draft.open, tid);\n',
    replace: '',
    net: '3 nodes',
    caughtBy: 'F19',
  },
  {
    name: 'cancel race with a held send',
    breaks: 'what waits for entropy is sent though its lookup has ended',
    file: 'wire/wire.ts',
    find: '    draft.held = draft.held.filter((it) => it.request !== request);\n',
    replace: '',
    net: 'entropy late',
    caughtBy: 'F19',
  },
  {
    name: 'entropy asked for once',
    breaks: 'the wire believes for ever that entropy is on its way, and sends nothing any more',
    file: 'wire/wire.ts',
    find: '      draft.asking = false;\n',
    replace: '',
    net: 'entropy late',
    caughtBy: 'F03',
  },
  {
    name: 'an error is nobody’s',
    breaks: 'a refusal is not told to the lookup',
    file: 'wire/wire.ts',
    find: "    fail(draft, effects, transaction, 'refused', { refusal: { code: message.code, text: message.text } });",
    replace: '    close(draft, transaction.request);',
    net: 'all faults',
    caughtBy: 'G16',
  },
];
