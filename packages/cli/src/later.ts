/** What the documented command line has and this version has not: named, so that it is refused in so many words. */
import { type Command, Option } from 'commander';
import { Failure } from './failure.ts';

const COMMANDS = ['view'];

/** Commands that only say that they are not there. */
export function addLaterCommands(program: Command): void {
  for (const name of COMMANDS) {
    program
      .command(name, { hidden: true })
      .helpOption(false)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => refuse(name));
  }
}

/** Options of a command that only say that they are not there. */
export function addLaterOptions(command: Command, names: readonly string[]): void {
  for (const name of names) command.addOption(new Option(`--${name} [value]`).hideHelp());
  command.hook('preAction', () => {
    for (const name of names) if (command.getOptionValue(name) !== undefined) refuse(`--${name}`);
  });
}

function refuse(what: string): never {
  throw new Failure(`'${what}' is not available in this version`);
}
