/** Ctrl-C and SIGTERM: the first asks for an orderly end, a further one is the end. */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** The exit code when nothing may be waited for any more, as shells count it. */
const AT_ONCE = 130;
/** ms in which further signals mean the same: npx passes on a Ctrl-C that the terminal has sent us already. */
const SAME = 500;

/** Calls `end` at the first signal. The function returned lets go of the signals. */
export function onInterrupt(end: () => void): () => void {
  let since: number | undefined;
  // Not `once`: other listeners (one of them brings the cursor back) kill the process when they are the last.
  const listener = (): void => {
    if (since === undefined) {
      since = performance.now();
      end();
    } else if (performance.now() - since > SAME) process.exit(AT_ONCE);
  };
  for (const name of SIGNALS) process.on(name, listener);
  return () => {
    for (const name of SIGNALS) process.off(name, listener);
  };
}
