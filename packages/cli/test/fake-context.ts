// Streams and a context for running the command line inside a test.

import type { CliContext, OutputStream } from '@torrential/cli'

/** Remembers what was written; can be a terminal, and can be slow. */
export class FakeStream implements OutputStream {
  text = ''
  writes = 0
  readonly isTTY: boolean
  readonly columns: number
  /** False makes `write` ask for patience. */
  takesMore = true
  readonly #listeners = new Map<string, Set<() => void>>()

  constructor(options: { readonly isTTY?: boolean; readonly columns?: number } = {}) {
    this.isTTY = options.isTTY === true
    this.columns = options.columns ?? 80
  }

  write(data: string | Uint8Array): boolean {
    this.writes++
    this.text += typeof data === 'string' ? data : Buffer.from(data).toString('latin1')
    return this.takesMore
  }

  once(event: string, listener: () => void): void {
    const set = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, set.add(listener))
  }

  off(event: string, listener: () => void): void {
    this.#listeners.get(event)?.delete(listener)
  }

  emit(event: string): void {
    for (const listener of Array.from(this.#listeners.get(event) ?? [])) listener()
  }

  /** How many wait for something. */
  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0)
  }

  get lines(): string[] {
    return this.text.split('\n').filter((line) => line !== '')
  }
}

export interface FakeContext extends CliContext {
  readonly stdout: FakeStream
  readonly stderr: FakeStream
}

export function fakeContext(
  options: {
    readonly stdin?: readonly Uint8Array[]
    readonly env?: CliContext['env']
    readonly signal?: AbortSignal
    readonly terminal?: boolean
  } = {},
): FakeContext {
  return {
    stdout: new FakeStream({ isTTY: options.terminal === true }),
    stderr: new FakeStream(),
    stdin: fromArray(options.stdin ?? []),
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
  }
}

async function* fromArray(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}
