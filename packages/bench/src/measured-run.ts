// One run of a program, measured from outside by the kernel's accounting, the same way for every contestant.
//
// Wall time is ours, from the start of the process to its end, start-up included. CPU seconds and peak memory come from wait4 through
// GNU time (Debian package `time`): CPU is user + system of the process and every child that it waited for; peak memory is the
// largest resident set of any one process among them. A program that maps its files (libtorrent) has the mapped pages in there.
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { findProgram } from '@torrential/interop'
import { OthersWatch } from './others-watch.ts'

/** What to run. It must end by itself when it has done its work. */
export interface Command {
  readonly command: string
  readonly args: readonly string[]
  /** Written to its standard input, which is then closed. */
  readonly input?: string
}

/** What it took. */
export interface Measurement {
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly peakBytes: number
  /** Part of the machine that processes which have nothing to do with it used meanwhile, 0 to 1. */
  readonly othersShare: number
  /** Why there are no figures, where a program may fail. */
  readonly failure?: string
  /** What the program measured itself, by name. */
  readonly values?: Readonly<Record<string, number>>
}

/** How `measure` works. */
export interface MeasureOptions {
  /** Path of a file that GNU time may write. */
  readonly figures: string
  /** Milliseconds after which the command is killed. */
  readonly deadline: number
  /** Processes that take part, such as the seed: their work is no disturbance. */
  readonly companions?: readonly number[]
}

const tailLength = 4_000

/** True, or why nothing can be measured here. */
export function timeAvailable(): true | string {
  return findProgram('time') !== undefined || 'GNU time is not installed (Debian: time)'
}

/**
 * Runs a command to its end. A last line `{"values":{…}}` of its output is taken as figures of its own.
 * @throws Error with the end of its output when it fails or is too slow
 */
export async function measure(command: Command, options: MeasureOptions): Promise<Measurement> {
  const { figures, deadline, companions = [] } = options
  const watch = await OthersWatch.start([process.pid, ...companions])
  const format = ['-f', '%U %S %M', '-o', figures, '--']
  const start = performance.now()
  const child = spawn(findProgram('time') ?? 'time', [...format, command.command, ...command.args], {
    stdio: 'pipe',
    // A group of its own, so that the deadline reaches the program under `time` too.
    detached: true,
  })
  const output = collectTail(child)
  child.stdin.on('error', () => {})
  child.stdin.end(command.input ?? '')
  const kill = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), deadline)
  const code = await new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (exitCode, signal) => resolve(exitCode ?? signal ?? 'lost'))
  }).finally(() => clearTimeout(kill))
  const wallSeconds = (performance.now() - start) / 1000
  if (code !== 0) throw new Error(`${command.command} ended with ${code}\n${output()}`)
  const used = parseFigures(await readFile(figures, 'latin1'))
  const values = parseValues(output())
  const othersShare = await watch.share(wallSeconds, used.cpuSeconds)
  return { wallSeconds, ...used, othersShare, ...(values === undefined ? {} : { values }) }
}

/** Figures that a program printed about itself as its last line, or undefined. */
export function parseValues(output: string): Readonly<Record<string, number>> | undefined {
  const line = output.trimEnd().split('\n').at(-1) ?? ''
  if (!line.startsWith('{"values":')) return undefined
  return (JSON.parse(line) as { values: Record<string, number> }).values
}

function collectTail(child: ReturnType<typeof spawn>): () => string {
  let tail = ''
  const add = (bytes: Buffer): void => {
    tail = (tail + bytes.toString()).slice(-tailLength)
  }
  child.stdout?.on('data', add)
  child.stderr?.on('data', add)
  return () => tail
}

/** Reads what GNU time wrote: seconds of user and system, kibibytes. */
export function parseFigures(text: string): Pick<Measurement, 'cpuSeconds' | 'peakBytes'> {
  const [user, system, kibibytes] = (text.trim().split('\n').at(-1) ?? '').split(' ').map(Number)
  if (
    user === undefined ||
    system === undefined ||
    kibibytes === undefined ||
    Number.isNaN(user + system + kibibytes)
  ) {
    throw new Error(`GNU time wrote ${JSON.stringify(text)}`)
  }
  return { cpuSeconds: user + system, peakBytes: kibibytes * 1024 }
}
