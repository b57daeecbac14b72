// What follows when single blocks can be verified (BEP 52): whoever sent a wrong one is out at once, whatever else is here of the
// piece stays, and readers hear of right ones before the piece is whole.

import type { BlockVerdict } from '@torrential/metainfo'
import { BLOCK_LENGTH, type PieceIndex } from '@torrential/primitives'
import type { Connections } from './connections.ts'
import type { HashExchange } from './hash-exchange.ts'
import type { Sender } from './holder.ts'
import type { PartialPiece } from './partial-piece.ts'
import type { Peer } from './peer.ts'
import type { Requester } from './requester.ts'
import type { Swarm } from './swarm.ts'

export class BlockBlame {
  readonly #swarm: Swarm
  readonly #requester: Requester
  readonly #connections: Connections
  readonly #hashes: HashExchange

  constructor(swarm: Swarm, parts: { requester: Requester; connections: Connections; hashes: HashExchange }) {
    this.#swarm = swarm
    this.#requester = parts.requester
    this.#connections = parts.connections
    this.#hashes = parts.hashes
  }

  verdict(partial: PartialPiece<Peer>, block: number, bytes: Uint8Array): BlockVerdict {
    return this.#hashes.blocks?.verify(partial.piece, block * BLOCK_LENGTH, bytes) ?? 'unknown'
  }

  /** A wrong block has come, whose bytes the ledger counts as arrived. */
  refuse(peer: Peer, partial: PartialPiece<Peer>, block: number, bytes: Uint8Array): void {
    this.#swarm.ledger.settle(bytes.length)
    this.#swarm.waste(peer.key, bytes.length, 'failed')
    this.#requester.unclaim(peer, partial, block)
    this.ban(peer.sender, partial.piece)
  }

  /** A right block is here: readers need not wait for the rest. */
  tell({ piece }: PartialPiece<Peer>, index: number, block: Uint8Array): void {
    if (!this.#hashes.attends(piece)) return
    this.#swarm.outbox.event({ type: 'block', piece, offset: index * BLOCK_LENGTH, block })
  }

  /** The hashes of the blocks became known: what is here is verified. What was written already waits for the whole piece. */
  verifyHeld(partial: PartialPiece<Peer>): void {
    if (partial.isCommitting || partial.hasBlockHashes) return
    const wrong: number[] = []
    for (const [block, bytes] of partial.held()) {
      if (this.verdict(partial, block, bytes) === 'wrong') wrong.push(block)
      else this.tell(partial, block, bytes)
    }
    this.reopen(partial, wrong)
  }

  /** These blocks are wrong: they are asked for again, and whoever sent one is out. */
  reopen(partial: PartialPiece<Peer>, wrong: readonly number[]): void {
    const { store, ledger, selection } = this.#swarm
    const { piece } = partial
    const culprits = new Set(wrong.map((block) => partial.senders[block]))
    for (const block of wrong) {
      const sender = partial.senders[block]
      if (sender !== undefined) this.#swarm.waste(sender.key, partial.lengthOf(block), 'failed')
    }
    partial.hasBlockHashes = true
    partial.isSuspect = false
    ledger.settle(partial.reopen(wrong))
    if (partial.isCommitting) store.endCommit(partial)
    else store.refile(partial)
    if (wrong.length > 0) this.#swarm.hasNewWork = true
    if (selection.levelOf(piece) === 0) this.#requester.discard(partial)
    for (const sender of culprits) if (sender !== undefined) this.ban(sender, piece)
  }

  /** Once, however many of its blocks are wrong. */
  ban(sender: Sender, piece: PieceIndex): void {
    const { bans, peers } = this.#swarm
    if (peers.has(sender.key) || !bans.has(sender.address)) this.#connections.banSender(sender, piece)
  }
}
