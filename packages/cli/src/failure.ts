/**
 * How a command fails: one line for a person and one exit code for a script. Every error ends here, known or not; a
 * stack trace never reaches the user.
 */
import { RefusedError } from '@xorrery/coordinator';
import { ConfigError } from '@xorrery/core';
import { EndpointError, StateError, TargetError, TransportError } from '@xorrery/mainline';
import { CommanderError } from 'commander';

/**
 * - `DONE`: what was asked for is there.
 * - `NOTHING`: it ended without.
 * - `USAGE`: bad usage or bad input.
 * - `DIVERGED`: a replay diverged, or a promise of the nodes was broken.
 * - `INTERRUPTED`: Ctrl-C, as shells count it.
 */
export const EXIT = { DONE: 0, NOTHING: 1, USAGE: 2, DIVERGED: 3, INTERRUPTED: 130 } as const;

/** Ends the command with this line and this exit code. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.USAGE) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What to print and how to exit. No line: there is nothing to say, e.g. after `--help`. */
export function explain(error: unknown): { readonly line?: string; readonly exitCode: number } {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { exitCode: EXIT.DONE };
    return { line: usageLine(error), exitCode: EXIT.USAGE };
  }
  const text = oneLine(error instanceof Error ? error.message : String(error));
  if (error instanceof Failure) return { line: text, exitCode: error.exitCode };
  if (error instanceof TargetError) return { line: `TARGET: ${text}`, exitCode: EXIT.USAGE };
  if (error instanceof EndpointError) {
    return { line: `--bootstrap: ${text}`, exitCode: error.code === 'malformed' ? EXIT.USAGE : EXIT.NOTHING };
  }
  if (error instanceof StateError) {
    const mayPass = error.code === 'in-use' || error.code === 'full' || error.code === 'failed';
    return { line: `--state: ${text}`, exitCode: mayPass ? EXIT.NOTHING : EXIT.USAGE };
  }
  if (error instanceof TransportError) return { line: text, exitCode: EXIT.NOTHING };
  if (error instanceof RefusedError) return { line: text, exitCode: EXIT.NOTHING };
  if (error instanceof ConfigError) return { line: text, exitCode: EXIT.USAGE };
  return { line: `this should not have happened: ${text}`, exitCode: EXIT.NOTHING };
}

/** What commander found wrong, with the name of the argument in front. */
function usageLine({ code, message }: CommanderError): string {
  if (code === 'commander.help') return "say what to do: see 'xorrery --help'";
  const text = oneLine(message.replace(/^error: /, ''));
  const [, option, value, why] = /^option '.*?(--[\w-]+)[^']*' argument '(.*)' is invalid\. (.*)$/.exec(text) ?? [];
  if (option !== undefined) return `${option} '${value}': ${why}`;
  const [, given, name, reason] =
    /^command-argument value '(.*)' is invalid for argument '(.*)'\. (.*)$/.exec(text) ?? [];
  return name === undefined ? text : `${name} '${given}': ${reason}`;
}

/** Text from outside, fit for one line of a terminal. */
export function oneLine(text: string, limit = 400): string {
  const clean = text.replace(/\s*\n\s*/g, ' ').replace(/\p{C}/gu, '?');
  return clean.length > limit ? `${clean.slice(0, limit)}...` : clean;
}
