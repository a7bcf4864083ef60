/** The public face of traces. Runs in any host; files and gzip are in `@xorrery/trace/files`. */
export { ddmin } from './ddmin.ts';
export { type Difference, diff } from './diff.ts';
export { divergenceText } from './divergence-text.ts';
export { TraceError, type TraceReason } from './errors.ts';
export { type Asked, countsOfTree, Explainer, type Explanation, explain } from './explain.ts';
export { explanationLine, explanationText } from './explain-text.ts';
export * from './format.ts';
export { canonical, firstDifference, hashOf, type Json, sameJson } from './json.ts';
export { loadTrace, openTrace, TraceParser, type TraceStream } from './reader.ts';
export { Recorder, type RecorderOptions, type Sink } from './recorder.ts';
export * from './replay.ts';
export type { Judge } from './rerun.ts';
export { type ShrinkOptions, type Shrunk, shrink } from './shrink.ts';
export { TraceWriter, writeTrace } from './writer.ts';
