/** Every chart there is, in the order of the docs. */
import { bootstrapLaw } from './bootstrap.ts';
import { broadcastLaw } from './broadcast.ts';
import { includeLaw } from './include.ts';
import type { Drawn } from './law.ts';
import { nodeDrawn } from './node.ts';
import { poolLaw } from './pool.ts';
import { probeLaw } from './probe.ts';
import { queryLaw } from './query.ts';
import { refreshLaw } from './refresh.ts';
import { scheduleLaw } from './schedule.ts';
import { candidateDrawn, requestDrawn } from './trail.ts';

export const CHARTS: readonly Drawn[] = [
  nodeDrawn,
  poolLaw,
  queryLaw,
  candidateDrawn,
  requestDrawn,
  bootstrapLaw,
  includeLaw,
  probeLaw,
  refreshLaw,
  broadcastLaw,
  scheduleLaw,
];
