// Hashes of merkle trees between us and our peers, both ways (BEP 52): requests are answered, layers that a magnet link did not
// bring are fetched, wrong blocks are found out, and readers get blocks before their pieces are whole. Which
// messages go where, and when; what they mean is decided by the parts.

import { LazyMap } from '@torrential/primitives'
import { type BlockHashRequest, BlockVerifier } from '@torrential/metainfo'
import type { PieceIndex } from '@torrential/primitives'
import type { HashesMessage, HashRejectMessage, HashRequestMessage, Message } from '@torrential/protocol'
import { BlockHashing } from './block-hashing.ts'
import { BlockInquest } from './block-inquest.ts'
import type { Connections } from './connections.ts'
import { HashArchive } from './hash-archive.ts'
import { HashServe } from './hash-serve.ts'
import { layerWants } from './layer-wants.ts'
import type { Peer } from './peer.ts'
import type { Swarm } from './swarm.ts'
import { violation } from './violation.ts'

/** Hash messages of a peer that nobody asked for: late answers are normal, floods are not. */
const MOST_STRAYS = 200

/** Missing pieces from where a reader stands whose blocks are verified as they come. */
const PIECES_AHEAD = 2

export class HashExchange {
  /** What becomes of pieces that failed; undefined where blocks have no hashes. */
  readonly inquest: BlockInquest | undefined
  readonly blocks: BlockVerifier | undefined
  readonly #swarm: Swarm
  readonly #connections: Connections
  readonly #serve: HashServe
  readonly #archive: HashArchive | undefined
  readonly #hashing: BlockHashing
  /** What was asked for of pieces that readers wait for. */
  readonly #attended = new LazyMap<PieceIndex, readonly BlockHashRequest[]>()

  constructor(swarm: Swarm, connections: Connections) {
    const { trees, asker, outbox } = swarm
    this.#swarm = swarm
    this.#connections = connections
    this.#hashing = new BlockHashing(outbox)
    if (trees === undefined) {
      this.#serve = new HashServe(swarm, connections)
      return
    }
    const hashing = this.#hashing
    const archive = new HashArchive(trees)
    const verifier = new BlockVerifier(trees)
    this.#archive = archive
    this.blocks = verifier
    this.inquest = new BlockInquest({ asker, verifier, hashing })
    this.#serve = new HashServe(swarm, connections, { archive, hashing })
    const complete = ({ piecesRoot }: { piecesRoot: Uint8Array }, hashes: Uint8Array) =>
      outbox.event({ type: 'piece-layer', piecesRoot, hashes })
    for (const want of layerWants(trees, complete)) asker.want(want)
  }

  request(peer: Peer, message: HashRequestMessage): void {
    this.#serve.request(peer, message)
  }

  /** Hashes came. Returns the pieces all of whose blocks can be verified from now on, of those that readers wait for. */
  hashes(peer: Peer, message: HashesMessage): readonly PieceIndex[] {
    const { asker, trees } = this.#swarm
    const answer = asker.answer(peer.key, message, message.hashes)
    this.#swarm.hasHashWork = true
    if (answer === 'unasked') this.#stray(peer)
    else if (answer === 'wrong') {
      const piece = trees?.withRoot(message.piecesRoot)[0]?.firstPiece ?? (0 as PieceIndex)
      this.#connections.banSender(peer.sender, piece, 'HASHES_WRONG')
    }
    if (answer !== 'right') return []
    this.inquest?.advance()
    if (asker.isIdle) this.#connections.closeRedundant()
    return Array.from(this.#attended.keys()).filter((piece) => this.blocks?.knows(piece) === true)
  }

  /** Readers came, went on or went, or a piece came: hashes of the blocks of what they need next are wanted before it comes. */
  attend(): void {
    const { windows, asker } = this.#swarm
    const { blocks } = this
    if (blocks === undefined || (windows.isEmpty && this.#attended.size === 0)) return
    const next = new Set(windows.ahead(PIECES_AHEAD) as PieceIndex[])
    for (const [piece, requests] of Array.from(this.#attended)) {
      if (next.has(piece)) continue
      this.#attended.delete(piece)
      for (const { piecesRoot, ...range } of requests) asker.drop({ piecesRoot, range })
      if (this.#swarm.store.get(piece)?.hasBlockHashes !== true) blocks.forget(piece)
    }
    for (const piece of next) {
      if (this.#attended.has(piece)) continue
      const requests = blocks.requests(piece)
      this.#attended.set(piece, requests)
      for (const { piecesRoot, ...range } of requests) {
        asker.want({ piecesRoot, range, accept: (hashes) => blocks.accept(piece, range, hashes) })
      }
    }
    this.#swarm.hasHashWork = true
  }

  /** True for a piece that a reader waits for: its blocks are to be verified as they come, as far as their hashes are known. */
  attends(piece: PieceIndex): boolean {
    return this.#attended.size > 0 && this.#attended.has(piece)
  }

  rejected(peer: Peer, message: HashRejectMessage): void {
    if (!this.#swarm.asker.reject(peer.key, message, this.#swarm.now)) return this.#stray(peer)
    this.#swarm.hasHashWork = true
  }

  /** The next answer for a peer; undefined when none waits. */
  nextReply(peer: Peer): Message | undefined {
    return this.#serve.next(peer)
  }

  /** Answer to `hash-blocks`. */
  blockHashes(piece: PieceIndex, leaves: Uint8Array | undefined): void {
    this.#hashing.done(piece)
    if (leaves !== undefined) this.#archive?.add(piece, leaves)
    this.inquest?.hashed(piece, leaves)
    this.#serve.hashed(piece)
  }

  /** Sends the requests that became possible. */
  fill(now: number): void {
    const { peers, asker, outbox } = this.#swarm
    this.#swarm.hasHashWork = false
    if (asker.isIdle) return
    for (const key of peers.keys()) for (const message of asker.ask(key, now)) outbox.send(key, message)
  }

  /** To be called about once a second. */
  second(now: number): void {
    this.#swarm.asker.expire(now)
    this.inquest?.expire(now)
    this.fill(now)
  }

  #stray(peer: Peer): void {
    peer.strayHashes++
    if (peer.strayHashes > MOST_STRAYS) {
      this.#connections.close(peer, violation('HASHES_FLOOD', { strays: peer.strayHashes }))
    }
  }
}
