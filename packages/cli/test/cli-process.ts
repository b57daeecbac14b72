// The real command in a real process, as a script sees it. Needs the build (`tsc -b`), which the test command does first.
// Every process gets state and temporary folders of its own, and is gone when its test is over.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../bin/torrential.js', import.meta.url))

/** A JSON line. */
export type Line = Readonly<Record<string, unknown>>

export interface Ended {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
  readonly lines: readonly Line[]
}

/** A folder for one test file, and the processes started in it. */
export class Bench implements AsyncDisposable {
  readonly folder: string
  readonly #running = new Set<CliProcess>()

  private constructor(folder: string) {
    this.folder = folder
  }

  static async open(): Promise<Bench> {
    return new Bench(await mkdtemp(join(tmpdir(), 'torrential-test-')))
  }

  /** An absolute path in the folder. */
  at(...names: string[]): string {
    return join(this.folder, ...names)
  }

  start(...args: string[]): CliProcess {
    return this.startWith([], ...args)
  }

  /** With options of Node.js itself. */
  startWith(nodeOptions: readonly string[], ...args: string[]): CliProcess {
    const process = new CliProcess(args, this.folder, nodeOptions)
    this.#running.add(process)
    return process
  }

  /** Runs to the end. */
  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#running) process.child.kill('SIGKILL')
    await Promise.all([...this.#running].map((process) => process.ended))
    await rm(this.folder, { recursive: true, force: true })
  }
}

export class CliProcess {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly lines: Line[] = []
  readonly #stdout: Buffer[] = []
  #stderr = ''
  #rest = ''
  readonly #waiting = new Set<() => void>()
  #isOver = false

  constructor(args: readonly string[], folder: string, nodeOptions: readonly string[] = []) {
    const env = { ...process.env, XDG_STATE_HOME: join(folder, 'state'), TMPDIR: join(folder), TORRENTIAL_DEBUG: '' }
    this.child = spawn(process.execPath, [...nodeOptions, program, ...args], {
      cwd: folder,
      env,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.child.stdin?.on('error', () => {})
    this.child.stdout?.on('data', (data: Buffer) => this.#take(data))
    this.child.stderr?.on('data', (data: Buffer) => (this.#stderr += data.toString()))
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => {
        this.#isOver = true
        this.#wake()
        resolve({ code, stdout: Buffer.concat(this.#stdout), stderr: this.#stderr, lines: this.lines })
      })
    })
  }

  /** The first line that has these fields, now or later. */
  async line(fields: Line): Promise<Line> {
    for (;;) {
      const found = this.lines.find((line) => Object.entries(fields).every(([key, value]) => line[key] === value))
      if (found !== undefined) return found
      if (this.#isOver) throw new Error(`ended without ${JSON.stringify(fields)}; stderr: ${this.#stderr}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** How many bytes stdout has carried, once it is at least so many. */
  async bytes(atLeast: number): Promise<number> {
    for (;;) {
      const length = this.#stdout.reduce((sum, data) => sum + data.length, 0)
      if (length >= atLeast) return length
      if (this.#isOver) throw new Error(`ended after ${length} bytes; stderr: ${this.#stderr}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  #take(data: Buffer): void {
    this.#stdout.push(data)
    this.#rest += data.toString('latin1')
    const texts = this.#rest.split('\n')
    this.#rest = texts.pop() ?? ''
    for (const text of texts)
      if (text.startsWith('{"type":') || text.startsWith('{"source":'))
        this.lines.push(JSON.parse(Buffer.from(text, 'latin1').toString()) as Line)
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}
