// The gate. Everything a peer says is checked against the torrent and against what was negotiated before any policy sees it;
// what breaks a rule ends the connection with a code that names the rule.

import { BLOCK_LENGTH, Bitfield, InputError, isTorrentialError, PeerError } from '@torrential/primitives'
import {
  type BitfieldMessage,
  type CancelMessage,
  decodeDontHave,
  decodeExtensionHandshake,
  EXTENSION_NAMES,
  type Message,
  type PieceMessage,
  type RejectMessage,
  type RequestMessage,
} from '@torrential/protocol'
import type { Connections } from './connections.ts'
import type { Downloads } from './downloads.ts'
import { EXTENSION_IDS } from './extension-ids.ts'
import type { HashExchange } from './hash-exchange.ts'
import type { Interest } from './interest.ts'
import type { MetadataServe } from './metadata-serve.ts'
import { costOf } from './patience.ts'
import type { Peer } from './peer.ts'
import type { Requester } from './requester.ts'
import type { Swarm } from './swarm.ts'
import type { Uploads } from './uploads.ts'
import { violation } from './violation.ts'

const MOST_ALLOWED_FAST = 100
const MOST_SUGGESTED = 16

export interface InboundParts {
  readonly requester: Requester
  readonly connections: Connections
  readonly interest: Interest
  readonly downloads: Downloads
  readonly uploads: Uploads
  readonly metadata: MetadataServe
  readonly hashes: HashExchange
}

export class Inbound {
  readonly #swarm: Swarm
  readonly #parts: InboundParts

  constructor(swarm: Swarm, parts: InboundParts) {
    this.#swarm = swarm
    this.#parts = parts
  }

  /** One batch. Rates are counted and requests sent once for all of it. */
  handle(peer: Peer, messages: readonly Message[], now: number): void {
    const { pipeline, down } = peer
    let bytes = 0
    let blocks = 0
    peer.lastMessageAt = now
    for (const message of messages) {
      if (message.type === 'piece') {
        bytes += this.#piece(peer, message, now)
        blocks++
      } else if (peer.patience.spend(costOf(message, peer), now)) this.#other(peer, message, now)
      else this.#close(peer, violation('MESSAGE_FLOOD', { message: message.type }))
      if (peer.isClosed) break
    }
    if (blocks > 0) {
      if (bytes > 0) peer.usedAt = now
      down.add(bytes, now)
      this.#swarm.down.add(bytes, now)
      pipeline.grow(blocks, this.#swarm.shares)
    }
    if (!peer.isClosed) this.#parts.requester.fill(peer, now)
  }

  #piece(peer: Peer, message: PieceMessage, now: number): number {
    const { geometry } = this.#swarm
    const { offset, block } = message
    const piece = geometry.piece(message.piece)
    const isOurs = piece !== undefined && offset % BLOCK_LENGTH === 0 && offset < geometry.lengthOf(piece)
    if (!isOurs || block.length !== Math.min(BLOCK_LENGTH, geometry.lengthOf(piece) - offset)) {
      this.#close(peer, violation('BLOCK_OUT_OF_RANGE', { piece: message.piece, offset, length: block.length }))
      return 0
    }
    return this.#parts.downloads.block(peer, message, now)
  }

  #other(peer: Peer, message: Exclude<Message, PieceMessage>, now: number): void {
    // Keeping a connection alive says nothing.
    if (message.type !== 'keep-alive') peer.hasSpoken = true
    switch (message.type) {
      case 'choke':
        return this.#choke(peer)
      case 'unchoke':
        return this.#unchoke(peer)
      case 'interested':
      case 'not-interested':
        return this.#interest(peer, message.type === 'interested', now)
      case 'have':
        return this.#have(peer, message.piece)
      case 'bitfield':
        return this.#bitfield(peer, message)
      case 'request':
      case 'cancel':
        return this.#request(peer, message)
      case 'have-all':
      case 'have-none':
      case 'suggest':
      case 'reject':
      case 'allowed-fast':
        if (peer.info.capabilities.fast) return this.#fast(peer, message)
        return this.#close(peer, violation('FAST_NOT_NEGOTIATED', { message: message.type }))
      case 'extended':
        return this.#extended(peer, message.id, message.payload)
      case 'hash-request':
        return this.#parts.hashes.request(peer, message)
      case 'hashes':
        for (const piece of this.#parts.hashes.hashes(peer, message)) this.#parts.downloads.verifyHeld(piece)
        return
      case 'hash-reject':
        return this.#parts.hashes.rejected(peer, message)
      // The rest is for others: the wire keeps connections alive, the session has a DHT node.
      case 'keep-alive':
      case 'port':
      case 'unknown':
        return
      default:
        message satisfies never
    }
  }

  #fast(
    peer: Peer,
    message: Message & { type: 'have-all' | 'have-none' | 'suggest' | 'reject' | 'allowed-fast' },
  ): void {
    switch (message.type) {
      case 'have-all':
      case 'have-none':
        return this.#haveAllOrNone(peer, message.type === 'have-all')
      case 'suggest':
        if (!this.#isPiece(peer, message.piece)) return
        peer.suggested.push(message.piece)
        if (peer.suggested.length > MOST_SUGGESTED) peer.suggested.shift()
        return
      case 'reject':
        return this.#reject(peer, message)
      case 'allowed-fast':
        // BEP 6 lets a peer name pieces that we do not know it has.
        if (!this.#isPiece(peer, message.piece) || peer.allowedFast.size >= MOST_ALLOWED_FAST) return
        peer.allowedFast.add(message.piece)
        peer.emptyAt = -1
        return
      default:
        message satisfies never
    }
  }

  #choke(peer: Peer): void {
    if (peer.peerChoking) return
    peer.peerChoking = true
    this.#swarm.shares.open--
    this.#swarm.outbox.event({ type: 'choked', peer: peer.key, by: 'peer' })
    // Others may have the blocks at once. With BEP 6 every request is still answered or rejected, so it stays on the list.
    this.#parts.requester.releaseAll(peer, peer.allowedFast)
    if (peer.info.capabilities.fast) return
    peer.pipeline.expectedLate += peer.pipeline.length
    peer.pipeline.clear()
  }

  #unchoke(peer: Peer): void {
    if (!peer.peerChoking) return
    peer.peerChoking = false
    this.#swarm.shares.open++
    peer.emptyAt = -1
    peer.refused.clear()
    peer.pipeline.restart()
    this.#swarm.outbox.event({ type: 'unchoked', peer: peer.key, by: 'peer' })
  }

  #interest(peer: Peer, isInterested: boolean, now: number): void {
    if (peer.peerInterested === isInterested) return
    peer.peerInterested = isInterested
    peer.lastInterestAt = now
    // A free slot is given away at once; nobody waits for a round.
    this.#swarm.hasFreeSlot = true
    this.#swarm.outbox.event({ type: isInterested ? 'interested' : 'not-interested', peer: peer.key })
  }

  #have(peer: Peer, piece: number): void {
    if (!this.#isPiece(peer, piece)) return
    peer.hasShownPieces = true
    if (!peer.pieces.add(piece)) return
    peer.emptyAt = -1
    this.#swarm.availability.add(piece)
    this.#parts.interest.peerGained(peer, piece)
    this.#parts.connections.closeIfRedundant(peer)
  }

  #bitfield(peer: Peer, message: BitfieldMessage): void {
    try {
      const pieces = Bitfield.from(message.bitfield, this.#swarm.geometry.pieceCount)
      // aria2 sends a bitfield again where that is shorter than a `have` for every new piece.
      if (peer.hasShownPieces) this.#haveAlso(peer, pieces)
      else this.#show(peer, pieces)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      const code = error.code === 'BITFIELD_SPARE_BITS' ? 'BITFIELD_SPARE_BITS' : 'BITFIELD_LENGTH'
      this.#close(peer, violation(code, { length: message.bitfield.length }))
    }
  }

  #haveAlso(peer: Peer, pieces: Bitfield): void {
    for (const piece of pieces) {
      if (peer.isClosed) return
      this.#have(peer, piece)
    }
  }

  #haveAllOrNone(peer: Peer, all: boolean): void {
    if (!this.#mayShow(peer)) return
    const { pieceCount } = this.#swarm.geometry
    this.#show(peer, all ? Bitfield.full(pieceCount) : new Bitfield(pieceCount))
  }

  #mayShow(peer: Peer): boolean {
    if (peer.hasShownPieces) this.#close(peer, violation('BITFIELD_OUT_OF_PLACE'))
    return !peer.isClosed
  }

  #show(peer: Peer, pieces: Bitfield): void {
    const { availability } = this.#swarm
    peer.hasShownPieces = true
    peer.pieces = pieces
    peer.joinedAsSeed = pieces.isComplete
    if (peer.joinedAsSeed) availability.joinSeed()
    else availability.join(pieces)
    peer.emptyAt = -1
    this.#parts.interest.recount(peer)
    this.#parts.connections.closeIfRedundant(peer)
  }

  #reject(peer: Peer, message: RejectMessage): void {
    const { piece, offset, length } = message
    if (this.#swarm.geometry.block(piece, offset, length) === undefined) {
      this.#close(peer, violation('REJECT_OUT_OF_RANGE', { piece, offset, length }))
    } else this.#parts.downloads.reject(peer, message)
  }

  #request(peer: Peer, message: RequestMessage | CancelMessage): void {
    const { type, piece, offset, length } = message
    const block = this.#swarm.geometry.requestable(piece, offset, length)
    if (block === undefined) this.#close(peer, violation('REQUEST_OUT_OF_RANGE', { piece, offset, length }))
    else if (type === 'request') this.#parts.uploads.request(peer, block)
    else this.#parts.uploads.cancel(peer, block)
  }

  #extended(peer: Peer, id: number, payload: Uint8Array): void {
    if (!peer.info.capabilities.extensions) return this.#close(peer, violation('EXTENSIONS_NOT_NEGOTIATED'))
    if (id === EXTENSION_IDS.metadata) return this.#parts.metadata.received(peer, payload)
    const isDontHave = id !== 0 && id === this.#swarm.options.extensions[EXTENSION_NAMES.dontHave]
    if (id !== 0 && !isDontHave) return
    try {
      if (isDontHave) return this.#dontHave(peer, decodeDontHave(payload))
      const handshake = decodeExtensionHandshake(payload)
      peer.introduce(handshake)
      const { key, client, listenPort } = peer
      this.#swarm.outbox.event({ type: 'extension-handshake', peer: key, client, listenPort, handshake })
      this.#parts.connections.closeIfRedundant(peer)
    } catch (error) {
      if (!isTorrentialError(error)) throw error
      this.#close(peer, new PeerError(error.code, error.message, { cause: error }))
    }
  }

  /** BEP 54: the peer lost a piece. */
  #dontHave(peer: Peer, piece: number): void {
    if (!this.#isPiece(peer, piece) || !peer.pieces.has(piece)) return
    const { availability } = this.#swarm
    if (peer.joinedAsSeed) {
      // From now on it counts piece by piece.
      availability.leaveSeed()
      availability.join(peer.pieces)
      peer.joinedAsSeed = false
    }
    peer.pieces.delete(piece)
    availability.remove(piece)
    this.#parts.interest.peerLost(peer, piece)
  }

  #isPiece(peer: Peer, piece: number): boolean {
    if (this.#swarm.geometry.piece(piece) === undefined) this.#close(peer, violation('PIECE_OUT_OF_RANGE', { piece }))
    return !peer.isClosed
  }

  #close(peer: Peer, error: PeerError): void {
    this.#parts.connections.close(peer, error)
  }
}
