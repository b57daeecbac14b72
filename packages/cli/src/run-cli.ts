// One run of the command line: arguments in, exit code out. Nothing that a command throws leaves this function; it becomes a
// line on stderr (and, with --json, a line on stdout) and a number.

import { CommanderError } from 'commander'
import { InputError } from '@torrential/primitives'
import type { CliContext } from './cli-context.ts'
import { Interruption } from './cli-context.ts'
import { EXIT, exitCodeOf } from './exit-code.ts'
import { failureLine, failureOf, oneLine, stackOf } from './failure.ts'
import { jsonLine } from './json-lines.ts'
import { buildProgram, type CommandTable } from './program.ts'

/** What commander calls a mistake → what we call it. */
const usageCodes: Readonly<Record<string, string>> = {
  'commander.unknownOption': 'OPTION_UNKNOWN',
  'commander.conflictingOption': 'OPTION_CONFLICT',
  'commander.optionMissingArgument': 'OPTION_VALUE_MISSING',
  'commander.missingMandatoryOptionValue': 'OPTION_MISSING',
  'commander.missingArgument': 'ARGUMENT_MISSING',
  'commander.excessArguments': 'ARGUMENT_EXCESS',
  'commander.invalidArgument': 'OPTION_VALUE',
  'commander.unknownCommand': 'COMMAND_UNKNOWN',
}

/**
 * Runs `torrential` with the arguments behind the program's name and resolves with its exit code. Never rejects.
 * `commands` replaces what the commands do, for tests of the command line itself.
 */
export async function runCli(
  args: readonly string[],
  context: CliContext,
  commands: Partial<CommandTable> = {},
): Promise<number> {
  let json = false
  try {
    let code: number = EXIT.done
    const program = buildProgram(context, commands, async (usesJson, run) => {
      json = usesJson
      code = await run()
    })
    if (args.length === 0)
      throw new InputError('COMMAND_MISSING', 'say what to do; `torrential --help` lists the commands')
    await program.parseAsync(args, { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return afterParsing(error, context)
    return afterFailure(error, json, context)
  }
}

function afterParsing(error: CommanderError, context: CliContext): number {
  // --help and --version end through an error too.
  if (error.exitCode === 0) return EXIT.done
  const code = usageCodes[error.code] ?? 'USAGE'
  const message = oneLine(error.message.replace(/^error: /, ''))
  context.stderr.write(failureLine({ code, message }))
  return EXIT.badInput
}

function afterFailure(error: unknown, json: boolean, context: CliContext): number {
  // An interrupted command fails in whatever it was doing; the user only wants to see that it stopped.
  const { reason } = context.signal
  if (context.signal.aborted && reason instanceof Interruption) return reason.exitCode
  const failure = failureOf(error)
  context.stderr.write(failureLine(failure))
  if (context.env.TORRENTIAL_DEBUG === '1') context.stderr.write(stackOf(error))
  if (json) context.stdout.write(jsonLine({ type: 'error', ...failure }))
  return exitCodeOf(error)
}
