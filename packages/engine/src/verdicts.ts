// Verdicts on pieces: verified and written, wrong, or not to be had from the disk. What a wrong one means for those who sent it is
// decided here.

import type { PieceIndex } from '@torrential/primitives'
import type { BlockBlame } from './block-blame.ts'
import type { Connections } from './connections.ts'
import type { HashExchange } from './hash-exchange.ts'
import type { HaveNews } from './have-news.ts'
import type { Interest } from './interest.ts'
import type { Sender } from './holder.ts'
import type { PartialPiece } from './partial-piece.ts'
import type { Peer } from './peer.ts'
import type { Requester } from './requester.ts'
import { digestOf, onlySender } from './smart-ban.ts'
import type { Swarm } from './swarm.ts'

export interface VerdictsParts {
  readonly requester: Requester
  readonly connections: Connections
  readonly interest: Interest
  readonly hashes: HashExchange
  readonly blame: BlockBlame
  readonly news: HaveNews
}

export class Verdicts {
  readonly #swarm: Swarm
  readonly #requester: Requester
  readonly #connections: Connections
  readonly #interest: Interest
  readonly #hashes: HashExchange
  readonly #blame: BlockBlame
  readonly #news: HaveNews

  constructor(swarm: Swarm, parts: VerdictsParts) {
    this.#swarm = swarm
    this.#requester = parts.requester
    this.#connections = parts.connections
    this.#interest = parts.interest
    this.#hashes = parts.hashes
    this.#blame = parts.blame
    this.#news = parts.news
  }

  /** The piece is verified and written, or was found on disk. */
  committed(piece: PieceIndex): void {
    const { have, selection, store, smartBan, picker, ledger } = this.#swarm
    if (!have.add(piece)) return
    const partial = store.get(piece)
    selection.changed(piece, true)
    if (partial !== undefined) {
      if (smartBan.hasEvidence(piece)) this.#convict(piece, partial)
      const sole = onlySender(partial.senders)
      if (sole !== undefined) this.#trust(sole)
      else for (const sender of new Set(partial.senders)) this.#trust(sender)
      if (!partial.isCommitting) this.#requester.discard(partial)
      ledger.settle(partial.heldBytes)
      partial.heldBytes = 0
      store.close(partial)
      if (partial.hasBlockHashes) this.#hashes.blocks?.forget(piece)
    }
    picker.acquit(piece)
    picker.refile(piece)
    if (selection.levelOf(piece) > 0) this.#interest.shiftAll(piece, -1)
    this.#news.gained(piece)
    if (selection.isFinished && selection.priorities[piece] !== 0) this.finish()
    // A reader had the last of what was not selected fetched.
    else if (have.isComplete) this.#part()
  }

  /** The piece's hash is wrong. */
  rejected(piece: PieceIndex): void {
    const partial = this.#swarm.store.get(piece)
    if (partial === undefined) return
    const sole = onlySender(partial.senders)
    const isInquired = this.#hashes.inquest?.open(partial, this.#swarm.now, (wrong) => this.#found(partial, wrong))
    if (isInquired !== true) return this.#suspect(partial)
    this.#swarm.hasHashWork = true
    // Nothing has to be found out about who sent all of it.
    if (sole !== undefined) this.#blame.ban(sole, piece)
  }

  #found(partial: PartialPiece<Peer>, wrong: readonly number[] | undefined): void {
    if (this.#swarm.store.get(partial.piece) !== partial) return
    // None: the two hashes of a hybrid do not belong to the same data.
    if (wrong === undefined || wrong.length === 0) this.#suspect(partial)
    else this.#blame.reopen(partial, wrong)
  }

  /** Nobody knows which blocks are wrong. */
  #suspect(partial: PartialPiece<Peer>): void {
    const { smartBan, picker, peers } = this.#swarm
    const { piece } = partial
    const blocks = partial.blocks()
    const digests = partial.inRuns ? (partial.digests ?? []) : blocks.map(digestOf)
    const sole = smartBan.failed(piece, digests, partial.senders)
    this.#blameWaste(partial)
    if (sole === undefined) {
      picker.suspect(piece)
      for (const sender of new Set(partial.senders)) {
        const peer = sender && peers.get(sender.key)
        if (peer !== undefined) peer.isOnParole = true
      }
    }
    this.#requester.discard(partial)
    if (sole !== undefined) this.#blame.ban(sole, piece)
  }

  /** The disk failed: nobody is to blame, and the piece starts over. */
  failed(piece: PieceIndex): void {
    const partial = this.#swarm.store.get(piece)
    if (partial === undefined) return
    // It answers one of the runs, if there are any.
    partial.runsInFlight = Math.max(0, partial.runsInFlight - 1)
    this.#requester.discard(partial)
  }

  /** A piece that we had cannot be read any more: it is wanted again. */
  lost(piece: PieceIndex): void {
    const { have, selection, windows, picker } = this.#swarm
    if (!have.delete(piece)) return
    selection.changed(piece, false)
    windows.rewind()
    picker.refile(piece)
    if (selection.levelOf(piece) > 0) this.#interest.shiftAll(piece, 1)
    this.#swarm.hasNewWork = true
    this.#news.lost(piece)
  }

  /** The selection is complete: tell observers and peers, and part from those that need nothing either. */
  finish(): void {
    this.#news.tellAll()
    this.#swarm.outbox.event({ type: 'finished' })
    this.#part()
  }

  #part(): void {
    this.#connections.announceUploadOnly()
    this.#connections.closeRedundant()
  }

  #convict(piece: PieceIndex, partial: PartialPiece<Peer>): void {
    const blocks = partial.blocks()
    const digestAt = (block: number) => {
      if (partial.inRuns) return partial.digests?.[block]
      const bytes = blocks[block]
      return bytes && digestOf(bytes)
    }
    for (const culprit of this.#swarm.smartBan.passed(piece, digestAt)) this.#connections.banSender(culprit, piece)
  }

  #trust(sender: Sender | undefined): void {
    const peer = sender && this.#swarm.peers.get(sender.key)
    if (peer === undefined) return
    peer.isOnParole = false
    peer.isProven = true
  }

  #blameWaste(partial: PartialPiece<Peer>): void {
    const bytes = new Map<Sender, number>()
    for (let block = 0; block < partial.blockCount; block++) {
      const sender = partial.senders[block]
      if (sender !== undefined) bytes.set(sender, (bytes.get(sender) ?? 0) + partial.lengthOf(block))
    }
    for (const [sender, count] of bytes) this.#swarm.waste(sender.key, count, 'failed')
  }
}
