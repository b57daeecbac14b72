// Which blocks of a piece that failed are wrong (BEP 52). Where blocks have hashes of their own nobody has to be put on parole:
// peers are asked for the hashes of the piece's blocks, which prove themselves against the hash of the piece; whoever sent a
// block that differs is convicted, the others are not even suspected, and what they sent is kept. The piece waits meanwhile;
// when nobody can give the hashes, or not soon, it is dealt with as in v1.

import type { BlockHashRequest, BlockVerifier } from '@torrential/metainfo'
import { LazyMap, BLOCK_LENGTH, type PieceIndex } from '@torrential/primitives'
import type { BlockHashing } from './block-hashing.ts'
import type { HashAsker } from './hash-asker.ts'
import type { PartialPiece } from './partial-piece.ts'
import type { Peer } from './peer.ts'

/** The numbers of the wrong blocks; undefined when they cannot be told. */
export type Finding = (wrong: readonly number[] | undefined) => void

interface Case {
  readonly partial: PartialPiece<Peer>
  readonly finding: Finding
  readonly openedAt: number
  requests: readonly BlockHashRequest[]
  isHashing: boolean
}

/** Milliseconds that a piece waits for the hashes of its blocks. */
const PATIENCE = 10_000

export interface BlockInquestParts {
  readonly asker: HashAsker
  readonly verifier: BlockVerifier
  readonly hashing: BlockHashing
}

export class BlockInquest {
  readonly #parts: BlockInquestParts
  readonly #cases = new LazyMap<PieceIndex, Case>()

  constructor(parts: BlockInquestParts) {
    this.#parts = parts
  }

  /** Begins one, whose finding comes later or at once. False when there is nobody to ask: the finding will not come. */
  open(partial: PartialPiece<Peer>, now: number, finding: Finding): boolean {
    const { asker, verifier } = this.#parts
    const { piece } = partial
    const requests = verifier.requests(piece)
    const isKnown = verifier.knows(piece)
    if (!isKnown && (requests.length === 0 || !requests.every((request) => asker.canHope(rangeOf(request), now)))) {
      return false
    }
    const known: Case = { partial, finding, openedAt: now, requests, isHashing: false }
    this.#cases.set(piece, known)
    for (const request of requests) {
      asker.want({ ...rangeOf(request), accept: (hashes) => verifier.accept(piece, request, hashes) })
    }
    this.advance()
    return true
  }

  /** Hashes came: pieces that waited for the last of them are judged. */
  advance(): void {
    for (const [piece, known] of Array.from(this.#cases)) {
      if (known.isHashing || !this.#parts.verifier.knows(piece)) continue
      // What was written is not in memory any more.
      if (known.partial.inRuns) {
        known.isHashing = true
        this.#parts.hashing.want(piece)
      } else this.#end(known, this.#wrongIn(known.partial))
    }
  }

  /** The blocks of a piece were hashed on disk, or could not be. */
  hashed(piece: PieceIndex, leaves: Uint8Array | undefined): void {
    const known = this.#cases.get(piece)
    if (known?.isHashing !== true) return
    this.#end(known, leaves && this.#parts.verifier.differing(piece, leaves))
  }

  /** Gives up what takes too long; to be called about once a second. */
  expire(now: number): void {
    for (const known of Array.from(this.#cases.values())) {
      if (known.isHashing) continue
      const isHopeless = known.requests.some((request) => this.#isHopeless(known.partial.piece, request, now))
      if (isHopeless || now - known.openedAt >= PATIENCE) this.#end(known, undefined)
    }
  }

  #isHopeless(piece: PieceIndex, request: BlockHashRequest, now: number): boolean {
    const isMissing = this.#parts.verifier.requests(piece).some(({ index }) => index === request.index)
    return isMissing && !this.#parts.asker.canHope(rangeOf(request), now)
  }

  #wrongIn(partial: PartialPiece<Peer>): number[] {
    const wrong: number[] = []
    for (const [block, bytes] of partial.blocks().entries()) {
      if (this.#parts.verifier.verify(partial.piece, block * BLOCK_LENGTH, bytes) === 'wrong') wrong.push(block)
    }
    return wrong
  }

  #end(known: Case, wrong: readonly number[] | undefined): void {
    this.#cases.delete(known.partial.piece)
    for (const request of known.requests) this.#parts.asker.drop(rangeOf(request))
    known.finding(wrong)
  }
}

function rangeOf({ piecesRoot, ...range }: BlockHashRequest) {
  return { piecesRoot, range }
}
