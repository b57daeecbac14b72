// Blocks that come in, and pieces that become complete. An arriving block is expected (its request counts),
// late (it was given up, or a duplicate was faster) or unexpected; late ones are kept when they are still needed.

import { BLOCK_LENGTH, type PieceIndex } from '@torrential/primitives'
import type { PieceMessage, RejectMessage } from '@torrential/protocol'
import type { BlockBlame } from './block-blame.ts'
import type { Connections } from './connections.ts'
import type { HashExchange } from './hash-exchange.ts'
import type { PartialPiece } from './partial-piece.ts'
import type { Peer } from './peer.ts'
import type { Requester } from './requester.ts'
import { digestOf } from './smart-ban.ts'
import type { Swarm } from './swarm.ts'
import { violation } from './violation.ts'

/** Bytes nobody asked for that a peer may send before it is closed: more than a choke can leave in flight. */
const MOST_STRAY_BYTES = 4 * 1024 * 1024
const MOST_STRAY_REJECTS = 50

export class Downloads {
  readonly #swarm: Swarm
  readonly #requester: Requester
  readonly #connections: Connections
  readonly #hashes: HashExchange
  readonly #blame: BlockBlame

  constructor(
    swarm: Swarm,
    parts: { requester: Requester; connections: Connections; hashes: HashExchange; blame: BlockBlame },
  ) {
    this.#swarm = swarm
    this.#requester = parts.requester
    this.#connections = parts.connections
    this.#hashes = parts.hashes
    this.#blame = parts.blame
  }

  /** A block. Its range has been checked. Returns the bytes that were good for something. */
  block(peer: Peer, message: PieceMessage, now: number): number {
    const { pipeline } = peer
    const { length } = message.block
    const index = message.offset / BLOCK_LENGTH
    const request = pipeline.take(message.piece, index)
    peer.lastBlockAt = now
    if (request?.isLive === true) {
      if (pipeline.isSnubbed) this.#unsnub(peer)
      pipeline.answered(request, now, this.#swarm.shares)
      this.#swarm.ledger.arrive(length)
      this.#accept(peer, request.partial, index, message.block, now)
      return length
    }
    if (request === undefined && pipeline.expectedLate === 0) {
      this.#swarm.wasteBlock(peer.key, message.block, 'unexpected')
      peer.strayBytes += length
      if (peer.strayBytes > MOST_STRAY_BYTES) this.#connections.close(peer, violation('BLOCK_UNREQUESTED'))
      return 0
    }
    if (request === undefined) pipeline.expectedLate--
    if (pipeline.isSnubbed) this.#unsnub(peer)
    return this.#late(peer, message.piece, index, message.block, now)
  }

  /** BEP 6: the peer will not answer a request. Its range has been checked. */
  reject(peer: Peer, message: RejectMessage): void {
    const request = peer.pipeline.takeRejected(message.piece, message.offset / BLOCK_LENGTH)
    if (request === undefined) {
      peer.strayRejects++
      if (peer.strayRejects > MOST_STRAY_REJECTS) this.#connections.close(peer, violation('REJECT_FLOOD'))
      return
    }
    if (!request.isLive) return
    // `take` has taken it off the count of the pipeline already.
    this.#swarm.ledger.unask(request.partial.lengthOf(request.block))
    peer.refused.add(message.piece)
    peer.allowedFast.delete(message.piece)
    this.#requester.reclaim(peer, request)
  }

  /** The hashes of a piece's blocks became known while it arrives. */
  verifyHeld(piece: PieceIndex): void {
    const partial = this.#swarm.store.get(piece)
    if (partial !== undefined) this.#blame.verifyHeld(partial)
  }

  /** A run is on disk. */
  written(piece: PieceIndex, offset: number, length: number): void {
    const { store, ledger } = this.#swarm
    const partial = store.get(piece)
    if (partial === undefined || !partial.inRuns) return
    ledger.settle(partial.settleRun(offset, length))
    if (partial.isDoomed) this.#requester.discard(partial)
    this.#endRuns(partial)
  }

  /** Writes out what is in memory of a piece that will not be complete soon, because the credit is needed elsewhere. */
  spill(partial: PartialPiece<Peer>): void {
    partial.inRuns = true
    // What leaves the memory of a piece that failed before must leave its digests behind.
    if (partial.isSuspect) partial.digests ??= partial.digestHeld(digestOf)
    this.#writeRuns(partial, true)
  }

  /** More of a piece came at once than a block: it goes on as far as that makes possible. */
  advance(partial: PartialPiece<Peer>): void {
    if (partial.inRuns) {
      this.#writeRuns(partial, false)
      this.#endRuns(partial)
    } else if (partial.missing === 0) this.#commit(partial)
  }

  #late(peer: Peer, piece: number, index: number, block: Uint8Array, now: number): number {
    const { store, ledger } = this.#swarm
    const partial = store.get(piece)
    const isMixed = partial?.isSuspect === true && partial.owner !== peer
    const isNeeded = partial !== undefined && !partial.isCommitting && !isMixed && partial.stateOf(index) <= 1
    if (!isNeeded || !ledger.arriveUnasked(block.length)) {
      this.#swarm.wasteBlock(peer.key, block, 'late')
      return 0
    }
    this.#accept(peer, partial, index, block, now)
    return block.length
  }

  /** Takes in a block whose bytes the ledger counts as arrived. */
  #accept(peer: Peer, partial: PartialPiece<Peer>, index: number, block: Uint8Array, now: number): void {
    const { store } = this.#swarm
    const isVerified = partial.hasBlockHashes || this.#hashes.attends(partial.piece)
    const verdict = isVerified ? this.#blame.verdict(partial, index, block) : 'unknown'
    if (verdict === 'wrong') return this.#blame.refuse(peer, partial, index, block)
    const holder = partial.holderOf(index)
    const spare = partial.spareOf(index)
    if (!partial.receive(index, block, peer.sender)) {
      this.#swarm.ledger.settle(block.length)
      this.#swarm.wasteBlock(peer.key, block, 'late')
      return
    }
    partial.activeAt = now
    if (verdict === 'right') this.#blame.tell(partial, index, block)
    if (holder !== peer) this.#requester.cancelBlock(partial, index, holder)
    if (spare !== undefined && spare !== peer) this.#requester.cancelBlock(partial, index, spare)
    if (partial.listedAt !== -1) store.refile(partial)
    if (partial.digests !== undefined) partial.digests[index] = digestOf(block)
    if (partial.inRuns) this.#writeRun(partial, index, false)
    else if (partial.missing === 0) this.#commit(partial)
  }

  #commit(partial: PartialPiece<Peer>): void {
    this.#swarm.store.startCommit(partial)
    this.#swarm.outbox.push({ type: 'commit', piece: partial.piece, blocks: partial.blocks() })
  }

  /** The last run is on disk: the piece waits for its verdict. */
  #endRuns(partial: PartialPiece<Peer>): void {
    if (!partial.isWritten || partial.isCommitting) return
    this.#swarm.store.startCommit(partial)
    this.#swarm.outbox.push({ type: 'verify', piece: partial.piece })
  }

  #writeRuns(partial: PartialPiece<Peer>, isUrgent: boolean): void {
    for (let block = 0; block < partial.blockCount; block++) this.#writeRun(partial, block, isUrgent)
  }

  #writeRun(partial: PartialPiece<Peer>, block: number, isUrgent: boolean): void {
    const { leastRun, leastRunAhead } = this.#swarm
    const run = isUrgent ? partial.takeRun(block, 1, 1) : partial.takeRun(block, leastRun, leastRunAhead)
    if (run === undefined) return
    this.#swarm.outbox.push({ type: 'write', piece: partial.piece, ...run })
    // Neighbours that waited for more may have nothing to wait for now.
    const start = run.offset / BLOCK_LENGTH
    this.#writeRun(partial, start - 1, isUrgent)
    this.#writeRun(partial, start + run.blocks.length, isUrgent)
  }

  #unsnub(peer: Peer): void {
    peer.pipeline.isSnubbed = false
  }
}
