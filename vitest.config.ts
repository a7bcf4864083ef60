import { defineConfig } from 'vitest/config';
import projects, { seed } from './vitest.workspace.ts';

process.stderr.write(`property seed ${seed} (repeat with XORRERY_SEED=${seed})\n`);

export default defineConfig({
  test: { projects, dangerouslyIgnoreUnhandledErrors: false, passWithNoTests: true },
});
