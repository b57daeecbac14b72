// What a command may touch of the world. Commands get it as an argument instead of using `process`, so that tests run them
// with streams of their own, and so that one place (process-main.ts) owns signals and the end of the process.

/** A stream that text and bytes can be written to: process.stdout, or a test's. */
export interface OutputStream {
  write(data: string | Uint8Array): boolean
  once(event: 'drain' | 'close', listener: () => void): unknown
  off(event: 'drain' | 'close', listener: () => void): unknown
  /** True for a terminal. */
  readonly isTTY?: boolean
  /** Width of the terminal in characters. */
  readonly columns?: number
}

export interface CliContext {
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  /** Read only by commands that are given `-` as a source. */
  readonly stdin: AsyncIterable<Uint8Array | string>
  /** Environment variables. `TORRENTIAL_DEBUG=1` adds stack traces to errors. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Fires when the user wants the command to stop; its reason is an `Interruption`. */
  readonly signal: AbortSignal
}

/** Why a command has to stop although nothing went wrong. */
export class Interruption extends Error {
  /** 128 + the number of the signal, as shells report it. */
  readonly exitCode: number

  constructor(cause: string, exitCode: number) {
    super(`stopped by ${cause}`)
    this.name = 'Interruption'
    this.exitCode = exitCode
  }
}
