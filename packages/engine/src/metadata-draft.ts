// One attempt to put an info dictionary of a claimed length together. It holds what has arrived and nothing else: a claim of
// 16 MiB costs one number. Who sent which piece is remembered, because a hash over the whole cannot tell which one is wrong.

import { concatBytes, type PeerAddress, type PeerKey } from '@torrential/primitives'
import { METADATA_PIECE_LENGTH } from '@torrential/protocol'

/** Who sent a piece; it may be gone when that matters. */
export interface MetadataSender {
  readonly key: PeerKey
  readonly address: PeerAddress
}

/** A piece as it arrived. */
export interface DraftPiece {
  readonly data: Uint8Array
  readonly sender: MetadataSender
}

/** Milliseconds after which twice as many peers may be asked for a piece: the silence of many holds nobody up for long. */
const PATIENCE = 1_000

interface Asked {
  readonly peers: Set<PeerKey>
  readonly firstAt: number
}

export class MetadataDraft {
  /** Bytes, as claimed. */
  readonly length: number
  readonly startedAt: number
  readonly #pieceCount: number
  readonly #pieces = new Map<number, DraftPiece>()
  readonly #asked = new Map<number, Asked>()

  constructor(length: number, now: number) {
    this.length = length
    this.startedAt = now
    this.#pieceCount = Math.ceil(length / METADATA_PIECE_LENGTH)
  }

  get isComplete(): boolean {
    return this.#pieces.size === this.#pieceCount
  }

  /** Everyone who sent a piece, each once. */
  get senders(): readonly MetadataSender[] {
    const senders = new Map(Array.from(this.#pieces.values(), ({ sender }) => [sender.key, sender]))
    return [...senders.values()]
  }

  get pieces(): ReadonlyMap<number, DraftPiece> {
    return this.#pieces
  }

  /** All of it. Only when complete. */
  bytes(): Uint8Array {
    const inOrder = Array.from({ length: this.#pieceCount }, (_, piece) => this.#pieces.get(piece)?.data)
    return concatBytes(inOrder.filter((data) => data !== undefined))
  }

  /** What to ask the peer for next: a piece that nobody is asked for, else one that one other is, or that is overdue. */
  pick(peer: PeerKey, now: number): number | undefined {
    let again: number | undefined
    for (let piece = 0; piece < this.#pieceCount; piece++) {
      if (this.#pieces.has(piece)) continue
      const asked = this.#asked.get(piece)
      if (asked === undefined) return piece
      const most = 2 ** (1 + Math.floor((now - asked.firstAt) / PATIENCE))
      if (asked.peers.size < most && !asked.peers.has(peer)) again ??= piece
    }
    return again
  }

  ask(piece: number, peer: PeerKey, now: number): void {
    const asked = this.#asked.get(piece) ?? { peers: new Set(), firstAt: now }
    this.#asked.set(piece, asked)
    asked.peers.add(peer)
  }

  release(piece: number, peer: PeerKey): void {
    const asked = this.#asked.get(piece)
    if (asked?.peers.delete(peer) === true && asked.peers.size === 0) this.#asked.delete(piece)
  }

  /** False when the piece is here already. `data` is kept. */
  add(piece: number, data: Uint8Array, sender: MetadataSender): boolean {
    this.#asked.delete(piece)
    if (this.#pieces.has(piece)) return false
    this.#pieces.set(piece, { data, sender })
    return true
  }
}
