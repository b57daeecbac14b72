// The reporter that fits where stdout goes: programs asked for JSON, people look at terminals, everything else is a log.

import { systemClock } from '@torrential/primitives/system'
import type { CliContext } from './cli-context.ts'
import { JsonReporter, PlainReporter, type Reporter } from './reporter.ts'
import { TerminalView } from './terminal-view.ts'

export function openReporter(json: boolean, context: CliContext): Reporter {
  if (json) return new JsonReporter(context.stdout)
  const now = () => systemClock.now()
  return isLiveTerminal(context) ? new TerminalView(context.stdout, now) : new PlainReporter(context.stdout, now)
}

/** True when stdout is a terminal that can move its cursor. */
export function isLiveTerminal({ stdout, env }: CliContext): boolean {
  return stdout.isTTY === true && env.TERM !== 'dumb'
}
