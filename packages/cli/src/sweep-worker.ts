/** One run of a sweep, in a thread of its own. The same run gives the same figures in any thread. */
import type { Scenario } from '@xorrery/simulator';
import { type Run, runScenario } from './simulate.ts';

export default function work(scenario: Scenario): Promise<Run> {
  return runScenario(scenario);
}
