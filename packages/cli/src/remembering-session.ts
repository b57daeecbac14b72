// The session of a command that stays in a swarm, with a folder for what is remembered. Two commands at once are fine: the second
// does not use the platform's folder while the first has it. A folder that was named must be free.

import { isTorrentialError } from '@torrential/primitives'
import type { CliContext } from './cli-context.ts'
import { type OpenedSession, openSession, type SwarmOptions } from './connection-options.ts'
import type { WarningLine } from './json-lines.ts'
import { defaultStateFolder } from './state-folder.ts'

/** @throws InputError `STATE_LOCKED` for a folder that was named; as `openSession` */
export async function openRememberingSession(
  options: SwarmOptions,
  context: CliContext,
): Promise<OpenedSession & { readonly warning?: WarningLine }> {
  if (options.state !== undefined) return openSession(options, options.state, context)
  try {
    return await openSession(options, defaultStateFolder(), context)
  } catch (error) {
    if (!isTorrentialError(error) || error.code !== 'STATE_LOCKED') throw error
    const message = `${error.message}; this command remembers nothing`
    return {
      ...(await openSession(options, undefined, context)),
      warning: { type: 'warning', code: error.code, message },
    }
  }
}
