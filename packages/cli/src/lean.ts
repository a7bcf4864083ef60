/**
 * A small heap for nodes that run for weeks. What dies young in a node dies within a request, and what lives is small: left to
 * itself V8 gives the young 32 MiB all the same, and lets several times as much garbage as data gather. Where a node stores
 * 100,000 peers this doubles what they take (docs/benchmarks.md).
 */
import { setFlagsFromString } from 'node:v8';

/**
 * Keeps what there is for the young as it is by now, once all is loaded, and has garbage collected when the rest has grown by
 * a quarter. Both flags are read whenever the heap grows, so they may be set in a process that runs.
 */
export function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=25');
}
