import { defineConfig } from 'vitest/config';
import projects, { seed } from './vitest.workspace.ts';

process.stderr.write(`property seed ${seed} (repeat with XORRERY_SEED=${seed})\n`);

export default defineConfig({
  // Vitest would leave one core to itself, which with two is half of them.
  test: { projects, maxWorkers: '100%', dangerouslyIgnoreUnhandledErrors: false, passWithNoTests: true },
});
