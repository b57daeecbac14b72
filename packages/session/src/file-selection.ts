// Which files are wanted, and how much. A change goes two ways: the engine learns new piece priorities, the disk learns which
// files exist at all. Changes made in the same turn reach the engine once.

import { LazyMap } from '@torrential/primitives'
import type { SwarmEngine } from '@torrential/engine'
import type { Clock, Geometry } from '@torrential/primitives'
import { piecePriorities } from './piece-priorities.ts'
import { NORMAL_PRIORITY } from './torrent-file.ts'

export interface FileSelectionParts {
  readonly geometry: Geometry
  readonly engine: SwarmEngine
  readonly clock: Clock
  /** Makes a file exist, or moves what is shared with others out of it. */
  readonly setWanted: (file: number, wanted: boolean) => Promise<void>
  readonly failed: (error: unknown) => void
  /** The engine has its new priorities, one per piece. */
  readonly applied: (pieces: Uint8Array) => void
}

export class FileSelection {
  readonly #parts: FileSelectionParts
  readonly #priorities: Uint8Array
  #pieces: Uint8Array
  #bytesWanted = 0
  #isApplying = false
  #changed = new LazyMap<number, boolean>()

  /** `wanted` decides about each file of the geometry. */
  constructor(parts: FileSelectionParts, wanted: (file: number) => boolean) {
    this.#parts = parts
    this.#priorities = Uint8Array.from(parts.geometry.files, (_, file) => (wanted(file) ? NORMAL_PRIORITY : 0))
    for (const [file, priority] of this.#priorities.entries())
      if (priority > 0) this.#bytesWanted += this.#bytesOf(file)
    this.#pieces = piecePriorities(parts.geometry, this.#priorities)
    // All the same as the engine has it by itself, otherwise.
    if (this.#priorities.includes(0)) parts.engine.setPriorities(this.#pieces, parts.clock.now())
  }

  /** What the engine was told last: one priority per piece. */
  get pieces(): Uint8Array {
    return this.#pieces
  }

  /** Bytes of the files that are wanted, padding not counted. */
  get bytesWanted(): number {
    return this.#bytesWanted
  }

  priority(file: number): number {
    return this.#priorities[file] as number
  }

  set(file: number, priority: number): void {
    const before = this.#priorities[file] as number
    if (before === priority) return
    this.#priorities[file] = priority
    if ((before === 0) !== (priority === 0)) {
      this.#changed.set(file, priority > 0)
      this.#bytesWanted += priority > 0 ? this.#bytesOf(file) : -this.#bytesOf(file)
    }
    if (this.#isApplying) return
    this.#isApplying = true
    void this.#applySoon()
  }

  #bytesOf(file: number): number {
    const { pad, length } = this.#parts.geometry.files[file] as Geometry['files'][number]
    return pad ? 0 : length
  }

  async #applySoon(): Promise<void> {
    await Promise.resolve()
    // What is set from here on belongs to the next round.
    this.#isApplying = false
    const changed = this.#changed
    this.#changed = new LazyMap()
    // The disk first: no block of a newly wanted file may still be on its way to the part file afterwards.
    try {
      for (const [file, wanted] of changed) await this.#parts.setWanted(file, wanted)
    } catch (error) {
      this.#parts.failed(error)
    }
    const { geometry, engine, clock, applied } = this.#parts
    this.#pieces = piecePriorities(geometry, this.#priorities)
    engine.setPriorities(this.#pieces, clock.now())
    applied(this.#pieces)
  }
}
