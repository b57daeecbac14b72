// One other program under our control: its lines, the tail of its output for messages, its end.
//
// Invariant: a program never outlives us. `stop` ends it (politely, then not), and where the kernel offers it (`setpriv`) the
// program is killed with the process that started it, so that even a test run that is itself killed leaves nothing behind.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { createInterface } from 'node:readline'

/** What to start. */
export interface ProgramOptions {
  /** For messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** Working directory. @default the current one */
  readonly cwd?: string
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Run inside this network namespace (needs root). */
  readonly namespace?: string
}

const tailLines = 40
const patience = 2_000

/** Path of a program on this machine, or in given folders; undefined when it is not there. */
export function findProgram(
  name: string,
  directories: readonly string[] = [...(process.env['PATH'] ?? '').split(':'), '/usr/bin', '/usr/sbin', '/sbin'],
): string | undefined {
  return directories.map((directory) => `${directory}/${name}`).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A started program. */
export class Program implements AsyncDisposable {
  readonly name: string
  /** Resolves with the exit code, or null after a signal. */
  readonly exited: Promise<number | null>
  readonly #child: ChildProcessWithoutNullStreams
  readonly #tail: string[] = []
  readonly #listeners = new Set<(line: string) => void>()
  #running = true

  constructor(options: ProgramOptions) {
    this.name = options.name
    const [command, ...args] = wrapped(options)
    this.#child = spawn(command as string, args, {
      stdio: 'pipe',
      env: { ...process.env, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    })
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#ended(`could not start: ${error.message}`, () => resolve(null)))
      this.#child.once('exit', (code, signal) => this.#ended(`ended: ${code ?? signal}`, () => resolve(code)))
    })
    // A write to a program that has just ended is no fault of its own: the end is what gets reported.
    this.#child.stdin.on('error', () => {})
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#said(line, true))
    createInterface({ input: this.#child.stderr }).on('line', (line) => this.#said(line, false))
  }

  /** Of the program itself: what wraps it replaces itself by it. @throws Error when it could not be started */
  get pid(): number {
    const { pid } = this.#child
    if (pid === undefined) throw new Error(`${this.name} was not started\n${this.tail()}`)
    return pid
  }

  get running(): boolean {
    return this.#running
  }

  /** The last lines of its output, indented, under its name. */
  tail(): string {
    return [`--- ${this.name}${this.#running ? '' : ' (ended)'}:`, ...this.#tail.map((line) => `    ${line}`)].join(
      '\n',
    )
  }

  /** Calls `listener` with every line of standard output from now on. */
  onLine(listener: (line: string) => void): void {
    this.#listeners.add(listener)
  }

  writeLine(line: string): void {
    this.#child.stdin.write(`${line}\n`)
  }

  /** @throws Error with the tail of its output when the program is no longer there. */
  assertRunning(): void {
    if (!this.#running) throw new Error(`${this.name} has ended\n${this.tail()}`)
  }

  /** Ends the program and waits until it is gone. */
  async stop(): Promise<void> {
    if (!this.#running) return
    this.#child.kill('SIGTERM')
    const murder = setTimeout(() => this.#child.kill('SIGKILL'), patience)
    await this.exited
    clearTimeout(murder)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #said(line: string, isOutput: boolean): void {
    this.#tail.push(line)
    if (this.#tail.length > tailLines) this.#tail.shift()
    if (isOutput) for (const listener of this.#listeners) listener(line)
  }

  #ended(how: string, tell: () => void): void {
    this.#running = false
    this.#tail.push(how)
    tell()
  }
}

function wrapped({ command, args, namespace }: ProgramOptions): string[] {
  const setpriv = findProgram('setpriv')
  const leash = setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL']
  const inside = namespace === undefined ? [] : [findProgram('ip') ?? 'ip', 'netns', 'exec', namespace]
  return [...leash, ...inside, command, ...args]
}
