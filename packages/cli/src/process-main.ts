// The process around a run: signals, a reader that goes away, and the end. The first Ctrl-C asks for a clean stop (trackers
// hear `stopped`), the second one gets it at once. A broken pipe on stdout (`| head`) is a wish to stop, not an error.

import { Interruption } from './cli-context.ts'
import { EXIT } from './exit-code.ts'
import { failureLine, failureOf } from './failure.ts'
import { SHOW_CURSOR } from './live-area.ts'
import { runCli } from './run-cli.ts'
import { hasChosenYoungGeneration, limitYoungGeneration } from './young-generation.ts'

/** Runs the command line of this process and ends it. */
export async function runProcess(process: NodeJS.Process): Promise<never> {
  if (!hasChosenYoungGeneration(process)) limitYoungGeneration()
  const stop = new AbortController()
  onSignal(process, stop, 'SIGINT', EXIT.interrupted)
  onSignal(process, stop, 'SIGTERM', EXIT.terminated)
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (stop.signal.aborted) return
    if (error.code === 'EPIPE') stop.abort(new Interruption('a closed pipe', EXIT.brokenPipe))
    else {
      process.stderr.write(failureLine(failureOf(error)))
      stop.abort(new Interruption('stdout', EXIT.failed))
    }
  })
  process.stderr.on('error', () => {})
  // What reaches these two is a bug of ours; it must not look like one to the user, only say its name.
  process.on('uncaughtException', (error) => dieOf(process, error))
  process.on('unhandledRejection', (error) => dieOf(process, error))

  const { stdout, stderr, stdin, env } = process
  const code = await runCli(process.argv.slice(2), { stdout, stderr, stdin, env, signal: stop.signal })
  await flushed(stdout)
  // Not left to the empty event loop: an idle keep-alive connection must not keep a finished command on the screen.
  return process.exit(stop.signal.aborted ? (stop.signal.reason as Interruption).exitCode : code)
}

function onSignal(process: NodeJS.Process, stop: AbortController, name: 'SIGINT' | 'SIGTERM', code: number): void {
  process.on(name, () => {
    if (stop.signal.aborted) {
      if (process.stdout.isTTY) process.stdout.write(SHOW_CURSOR)
      process.exit(code)
    }
    stop.abort(new Interruption(name, code))
  })
}

function dieOf(process: NodeJS.Process, error: unknown): never {
  if (process.stdout.isTTY) process.stdout.write(SHOW_CURSOR)
  process.stderr.write(failureLine(failureOf(error)))
  if (process.env.TORRENTIAL_DEBUG === '1' && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return process.exit(EXIT.failed)
}

/** Resolves when everything written has left, or never will. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return Promise.resolve()
  return new Promise((resolve) => {
    stream.once('close', resolve)
    stream.write('', () => resolve())
  })
}
