// One member of the demo's swarm: this same program in a process of its own, read through its JSON lines, as any script would
// do it. A process that ends before it was stopped is an error for whoever waits for its next line.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { CommandError } from '../failure.ts'
import { PROGRAM_FILE } from '../program-file.ts'

/** Characters of stderr that are kept for the error message. */
const complaint = 2000
/** Milliseconds to end cleanly. */
const patience = 7000

/** A JSON line, read but not believed: fields are checked by whoever needs them. */
export interface ReadLine {
  readonly type: string
  readonly [field: string]: unknown
}

interface Waiter {
  resolve(line: ReadLine): void
  reject(error: Error): void
}

export class SwarmProcess implements AsyncDisposable {
  readonly name: string
  readonly #child: ChildProcess
  readonly #exited: Promise<number | null>
  readonly #onLine: (line: ReadLine) => void
  readonly #waiting = new Map<string, Waiter>()
  readonly #seen = new Map<string, ReadLine>()
  #stderr = ''
  #gone: Error | undefined
  #stopping = false

  /** Starts `torrential ...args`; `onLine` gets every line as it comes. */
  constructor(name: string, args: readonly string[], onLine: (line: ReadLine) => void = () => {}) {
    this.name = name
    this.#onLine = onLine
    this.#child = spawn(process.execPath, [PROGRAM_FILE, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    this.#child.stderr?.on('data', (data: Buffer) => {
      this.#stderr = (this.#stderr + data.toString()).slice(-complaint)
    })
    if (this.#child.stdout !== null) createInterface(this.#child.stdout).on('line', (text) => this.#read(text))
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#end(error.message, () => resolve(null)))
      this.#child.once('close', (code, signal) => this.#end(`it ended with ${code ?? signal}`, () => resolve(code)))
    })
  }

  /** The latest line of that type, if there was one. */
  last(type: string): ReadLine | undefined {
    return this.#seen.get(type)
  }

  /** The first line of that type, now or later. @throws CommandError `DEMO_PROCESS` when the process ends before it */
  line(type: string): Promise<ReadLine> {
    const seen = this.#seen.get(type)
    if (seen !== undefined) return Promise.resolve(seen)
    if (this.#gone !== undefined) return Promise.reject(this.#gone)
    return new Promise((resolve, reject) => this.#waiting.set(type, { resolve, reject }))
  }

  /** Asks it to end, waits, and ends it by force when it does not listen. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true
    if (this.#gone !== undefined) return
    this.#child.kill('SIGTERM')
    const force = setTimeout(() => this.#child.kill('SIGKILL'), patience)
    await this.#exited
    clearTimeout(force)
  }

  #read(text: string): void {
    let line: ReadLine
    try {
      line = JSON.parse(text) as ReadLine
    } catch {
      return
    }
    this.#seen.set(line.type, line)
    this.#waiting.get(line.type)?.resolve(line)
    this.#waiting.delete(line.type)
    this.#onLine(line)
  }

  #end(why: string, settle: () => void): void {
    const said = this.#stderr.trim()
    const message = `${this.name}: ${this.#stopping ? 'it was stopped' : why}${said === '' ? '' : `; it said: ${said}`}`
    this.#gone ??= new CommandError('DEMO_PROCESS', message)
    for (const waiter of this.#waiting.values()) waiter.reject(this.#gone)
    this.#waiting.clear()
    settle()
  }
}
