// Our own command line, as a stranger would start it from a built checkout.
import { fileURLToPath } from 'node:url'
import type { Command } from './measured-run.ts'

const cli = fileURLToPath(new URL('../../cli/bin/torrential.js', import.meta.url))

/** `torrential …` on the Node.js that runs the benchmark. */
export function torrentialCommand(...args: readonly string[]): Command {
  return { command: process.execPath, args: [cli, ...args] }
}
