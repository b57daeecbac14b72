// Blocks that are verified before their piece is whole (BEP 52), for readers that stand in it. They are kept, as copies, until the
// piece is written or newer ones need the room: what goes is what came first, which mostly was read already, and a reader that was
// too slow for it finds it on disk when the piece is whole.

import { LazyMap, BLOCK_LENGTH, type PieceIndex } from '@torrential/primitives'

/** Bytes kept of one torrent, as much as a stream wants to be ahead. */
const most = 8 * 1024 * 1024

export class EarlyBlocks {
  /** By place, oldest first. */
  readonly #blocks = new LazyMap<string, Uint8Array>()
  #bytes = 0

  /** `offset` is a multiple of 16 KiB. */
  add(piece: PieceIndex, offset: number, block: Uint8Array): void {
    const place = placeOf(piece, offset)
    if (this.#blocks.has(place)) return
    // Not `slice`: that of a `Buffer` is a view, and what it shows comes back to the socket.
    this.#blocks.set(place, new Uint8Array(block))
    this.#bytes += block.length
    for (const oldest of this.#blocks.keys()) {
      if (this.#bytes <= most) return
      this.#delete(oldest)
    }
  }

  /** The bytes from `offset` on as far as one block has them; undefined when that block is not here. */
  at(piece: PieceIndex, offset: number): Uint8Array | undefined {
    const within = offset % BLOCK_LENGTH
    return this.#blocks.get(placeOf(piece, offset - within))?.subarray(within)
  }

  /** The piece is on disk. */
  drop(piece: PieceIndex): void {
    if (this.#blocks.size === 0) return
    for (const place of Array.from(this.#blocks.keys())) if (place.startsWith(`${piece} `)) this.#delete(place)
  }

  /** Nobody reads any more. */
  clear(): void {
    this.#blocks.clear()
    this.#bytes = 0
  }

  #delete(place: string): void {
    this.#bytes -= this.#blocks.get(place)?.length ?? 0
    this.#blocks.delete(place)
  }
}

function placeOf(piece: PieceIndex, offset: number): string {
  return `${piece} ${offset}`
}
