// Giving hashes of merkle trees to peers (BEP 52). Like pieces of the info dictionary, answers wait in the peer's queue as what
// was asked and become messages when the driver pulls them, so a peer that asks and does not read costs a few hundred records.
//
// Piece layers and everything above them come out of memory. Hashes below, which no .torrent holds, are made from the data of
// pieces that we have: the driver is asked to hash the blocks of one (`hash-blocks`), and the request waits for it.

import { LazyMap } from '@torrential/primitives'
import type { TreeFile } from '@torrential/metainfo'
import type { PieceIndex } from '@torrential/primitives'
import type { HashRequestMessage, Message } from '@torrential/protocol'
import type { BlockHashing } from './block-hashing.ts'
import type { Connections } from './connections.ts'
import type { HashArchive } from './hash-archive.ts'
import type { Peer } from './peer.ts'
import type { Swarm } from './swarm.ts'
import { violation } from './violation.ts'

/** Requests of one peer that wait. What comes on top is rejected, and may be asked for again. */
const MOST_QUEUED = 256
/** Hashes in one answer, as in libtorrent, whose requests cover the blocks of a whole piece: 256 KiB. */
const MOST_LENGTH = 8_192
/** A connection gets everything this many times, for those that begin again after wrong hashes from elsewhere. */
const MOST_TIMES = 4
/** Rejects that a peer may provoke. */
const MOST_REFUSED = 1_000
/**
 * Bytes that are read and hashed for a peer: so many at once, for a piece that failed, and as many times what it was given of the
 * data, which a reader's requests keep up with. Asking costs it 81 bytes a piece.
 */
const FREE_HASHING = 64 * 1024 * 1024
const HASHING_SHARE = 4
/** Requests that wait for blocks to be hashed, of all peers together. */
const MOST_WAITING = 64

interface Waiting {
  readonly peer: Peer
  readonly request: HashRequestMessage
}

export interface HashServeParts {
  readonly archive: HashArchive
  readonly hashing: BlockHashing
}

export class HashServe {
  readonly #swarm: Swarm
  readonly #parts: HashServeParts | undefined
  readonly #connections: Pick<Connections, 'close'>
  readonly #waiting = new LazyMap<PieceIndex, Waiting[]>()
  #waitingCount = 0

  /** Without `parts` – the torrent has no trees – every request is rejected. */
  constructor(swarm: Swarm, connections: Pick<Connections, 'close'>, parts?: HashServeParts) {
    this.#swarm = swarm
    this.#connections = connections
    this.#parts = parts
  }

  /** A request, unchecked. */
  request(peer: Peer, message: HashRequestMessage): void {
    const files = this.#swarm.trees?.withRoot(message.piecesRoot) ?? []
    const place = this.#placeOf(files, message)
    const isFair = peer.hashesGiven < MOST_TIMES * this.#needed() && peer.hashRequests.length < MOST_QUEUED
    if (place === undefined || !isFair) return this.#refuse(peer, message)
    peer.hashesGiven++
    // The field is a view into what was read from the socket.
    const request = { ...message, piecesRoot: place.file.piecesRoot }
    if (place.piece === undefined || this.#parts?.archive.knows(place.piece) === true) this.#queue(peer, request)
    else this.#wait(place.piece, { peer, request })
  }

  /** The next answer for the peer; undefined when none waits. */
  next(peer: Peer): Message | undefined {
    const request = peer.hashRequests.shift()
    if (request === undefined) return undefined
    const place = this.#placeOf(this.#swarm.trees?.withRoot(request.piecesRoot) ?? [], request)
    const hashes = place && this.#parts?.archive.answer(place.file, request, place.piece)
    if (hashes !== undefined) return { ...request, type: 'hashes', hashes }
    peer.hashesRefused++
    return { ...request, type: 'hash-reject' }
  }

  /** The blocks of a piece were hashed, or could not be: whoever waited for that gets an answer. */
  hashed(piece: PieceIndex): void {
    const waiting = this.#waiting.get(piece) ?? []
    this.#waiting.delete(piece)
    this.#waitingCount -= waiting.length
    for (const { peer, request } of waiting) if (!peer.isClosed) this.#queue(peer, request)
  }

  /** What a request is about: the file, and for hashes below the piece layer the piece, which has to be here. */
  #placeOf(
    files: readonly TreeFile[],
    { baseLayer, index, length, proofLayers }: HashRequestMessage,
  ): { readonly file: TreeFile; readonly piece: PieceIndex | undefined } | undefined {
    if (length < 1 || length > MOST_LENGTH || index % length !== 0) return undefined
    for (const file of files) {
      if (baseLayer >= file.rootLayer || proofLayers >= file.rootLayer) continue
      if (baseLayer >= file.pieceLayer) return this.#swarm.trees?.layerOf(file) && { file, piece: undefined }
      const inPiece = 2 ** (file.pieceLayer - baseLayer)
      const piece = (file.firstPiece + Math.floor(index / inPiece)) as PieceIndex
      const isInFile = length <= inPiece && piece < file.firstPiece + file.pieceCount
      if (isInFile && this.#swarm.have.has(piece)) return { file, piece }
    }
    return undefined
  }

  /** Requests that it takes to get everything: each layer, and the blocks of each piece. */
  #needed(): number {
    return 64 + 2 * this.#swarm.geometry.pieceCount
  }

  #queue(peer: Peer, request: HashRequestMessage): void {
    peer.hashRequests.push(request)
    if (peer.uploads.isPulled) return
    peer.uploads.isPulled = true
    this.#swarm.outbox.push({ type: 'upload-ready', peer: peer.key })
  }

  #wait(piece: PieceIndex, waiting: Waiting): void {
    const { peer, request } = waiting
    const length = this.#swarm.geometry.lengthOf(piece)
    const isDear = peer.hashedBytes + length > Math.max(length, FREE_HASHING) + HASHING_SHARE * peer.up.total
    if (isDear || this.#swarm.isPaused || this.#waitingCount >= MOST_WAITING) return this.#refuse(peer, request)
    peer.hashedBytes += length
    this.#waitingCount++
    const others = this.#waiting.get(piece)
    if (others !== undefined) {
      others.push(waiting)
      return
    }
    this.#waiting.set(piece, [waiting])
    this.#parts?.hashing.want(piece)
  }

  #refuse(peer: Peer, message: HashRequestMessage): void {
    peer.hashesRefused++
    if (peer.hashesRefused > MOST_REFUSED) {
      this.#connections.close(peer, violation('HASHES_FLOOD', { refused: peer.hashesRefused }))
    } else this.#swarm.outbox.send(peer.key, { ...message, type: 'hash-reject' })
  }
}
