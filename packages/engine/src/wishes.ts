// What the user wants: which pieces, in what order, and whether to take part at all.

import { InputError } from '@torrential/primitives'
import type { Connections } from './connections.ts'
import type { Interest } from './interest.ts'
import type { PieceRange, ReadWindow } from './read-windows.ts'
import type { Requester } from './requester.ts'
import type { Swarm } from './swarm.ts'
import type { Verdicts } from './verdicts.ts'
import type { Uploads } from './uploads.ts'

export interface WishesParts {
  readonly requester: Requester
  readonly connections: Connections
  readonly verdicts: Verdicts
  readonly interest: Interest
  readonly uploads: Uploads
}

export class Wishes {
  readonly #swarm: Swarm
  readonly #parts: WishesParts

  constructor(swarm: Swarm, parts: WishesParts) {
    this.#swarm = swarm
    this.#parts = parts
  }

  setPriorities(priorities: Uint8Array): void {
    const { selection, picker, have } = this.#swarm
    if (priorities.length !== have.length) {
      throw new InputError('PRIORITIES_LENGTH', `${priorities.length} priorities for ${have.length} pieces`)
    }
    const wasFinished = selection.isFinished
    selection.select(priorities)
    this.#dropUnwanted()
    for (let piece = 0; piece < priorities.length; piece++) picker.refile(piece)
    this.#parts.interest.recountAll()
    this.#swarm.hasNewWork = true
    if (wasFinished === selection.isFinished) return
    if (selection.isFinished) this.#parts.verdicts.finish()
    else this.#parts.connections.announceUploadOnly()
  }

  openWindow(range: PieceRange, now: number, settle: (now: number) => void): ReadWindow {
    const { selection, picker, windows, have } = this.#swarm
    let wasUploadOnly = this.#swarm.isUploadOnly
    const cover = (piece: number, by: 1 | -1) => {
      const wasNeeded = selection.needs(piece)
      if (!selection.cover(piece, by)) return
      picker.refile(piece)
      if (have.has(piece) || wasNeeded === selection.needs(piece)) return
      this.#parts.interest.shiftAll(piece, by)
    }
    const changed = (at: number) => {
      this.#swarm.hasNewWork = true
      if (wasUploadOnly && !this.#swarm.isUploadOnly) this.#parts.connections.announceUploadOnly()
      wasUploadOnly = false
      // What the last reader was waiting for nobody waits for any more.
      if (windows.isEmpty) this.#dropUnwanted()
      this.#parts.requester.clearTheWay()
      settle(at)
    }
    return windows.open(range, cover, changed, now)
  }

  /** Begun pieces that are neither selected nor read: their requests are taken back, and what they hold. */
  #dropUnwanted(): void {
    const { selection, store } = this.#swarm
    for (const partial of Array.from(store.values())) {
      if (partial.isCommitting || selection.levelOf(partial.piece) > 0) continue
      this.#parts.requester.discard(partial)
    }
  }

  pause(now: number): void {
    if (this.#swarm.isPaused) return
    this.#swarm.isPaused = true
    for (const peer of this.#swarm.peers.values()) {
      this.#parts.requester.cancelAll(peer)
      this.#parts.uploads.choke(peer, now)
      this.#parts.uploads.dropAll(peer)
    }
  }

  resume(): void {
    if (!this.#swarm.isPaused) return
    this.#swarm.isPaused = false
    this.#swarm.hasFreeSlot = true
    this.#swarm.hasNewWork = true
    this.#parts.connections.closeRedundant()
  }
}
