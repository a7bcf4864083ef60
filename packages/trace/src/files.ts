/** Traces in files, plain or gzipped by their name: record, read, write. For Node; the rest of the package needs no host. */

export { loadTraceFile, openTraceFile, profileFor, readTextFile } from './files/read.ts';
export { type FileRecording, type RecordOptions, recordTo } from './files/record.ts';
export { writeTraceFile } from './files/write.ts';
