// A state directory in memory that knows what has reached the disk: `replace` has, `append` only when it was durable, and what was
// appended before then along with it.

import type { StateFiles } from '../../src/state/state-files.ts'

export class MemoryStateFiles implements StateFiles {
  readonly folder = '/state'
  readonly #files = new Map<string, Uint8Array>()
  /** Every state that the disk was in, or could have been in: an append may reach it by itself, in part too. */
  readonly #onDisk: Map<string, Uint8Array>[] = []

  put(name: string, content: Uint8Array): void {
    this.#files.set(name, Buffer.from(content))
  }

  async read(name: string, limit: number): Promise<Uint8Array | undefined> {
    const found = this.#files.get(name)
    return found !== undefined && found.length <= limit ? Uint8Array.from(found) : undefined
  }

  async fetch(): Promise<void> {}

  leave(): void {}

  async replace(name: string, content: string | Uint8Array | readonly Uint8Array[]): Promise<void> {
    const isWhole = typeof content === 'string' || content instanceof Uint8Array
    this.put(name, isWhole ? Buffer.from(content as string) : Buffer.concat(content))
    this.#remember()
  }

  async append(name: string, content: string): Promise<void> {
    const before = this.#files.get(name) ?? new Uint8Array()
    for (let length = 0; length <= content.length; length++) {
      this.put(name, Buffer.concat([before, Buffer.from(content.slice(0, length))]))
      this.#remember()
    }
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name)
    this.#remember()
  }

  async list(): Promise<string[]> {
    return [...this.#files.keys()]
  }

  async has(name: string): Promise<boolean> {
    return this.#files.has(name)
  }

  *afterPowerCut(): Generator<MemoryStateFiles> {
    for (const state of this.#onDisk) {
      const files = new MemoryStateFiles()
      for (const [name, bytes] of state) files.put(name, bytes)
      yield files
    }
  }

  #remember(): void {
    this.#onDisk.push(new Map(this.#files))
  }
}
