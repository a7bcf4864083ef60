/**
 * Listening to abort signals: one listener a signal, however many operations share it, so that a signal that serves
 * thousands of lookups neither leaks nor makes the platform warn of a leak. Removed with the last operation.
 */
const listening = new WeakMap<AbortSignal, Set<() => void>>();

/** Runs `run` when the signal is aborted; returns what takes that back. The signal must not be aborted already. */
export function onAbort(signal: AbortSignal, run: () => void): () => void {
  const runs = listening.get(signal) ?? listen(signal);
  runs.add(run);
  return () => {
    runs.delete(run);
    if (runs.size > 0 || listening.get(signal) !== runs) return;
    listening.delete(signal);
    signal.removeEventListener('abort', abortAll);
  };
}

function listen(signal: AbortSignal): Set<() => void> {
  const runs = new Set<() => void>();
  listening.set(signal, runs);
  signal.addEventListener('abort', abortAll, { once: true });
  return runs;
}

function abortAll(this: AbortSignal): void {
  const runs = listening.get(this);
  listening.delete(this);
  for (const run of [...(runs ?? [])]) run();
}
