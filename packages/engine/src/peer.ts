// One connection as the engine knows it: a plain record that the policies read and write. Flags say whose side they are on:
// `amChoking` is ours, `peerChoking` is the peer's.

import { Bitfield, type PeerAddress, type PeerId, type PeerKey } from '@torrential/primitives'
import type { Capabilities, ExtensionHandshake, HashRequestMessage } from '@torrential/protocol'
import type { Holder, Sender } from './holder.ts'
import type { PartialPiece } from './partial-piece.ts'
import { Patience } from './patience.ts'
import { RateMeter } from './rate-meter.ts'
import { RequestPipeline } from './request-pipeline.ts'
import type { PeerSnapshot } from './snapshot.ts'
import { UploadQueue } from './upload-queue.ts'

/** Extensions of a peer that are remembered; there are a dozen in the world. */
const MOST_EXTENSIONS = 64
/** A peer that says it queues more is not asked for more: what it does not answer must stay little. */
const MOST_REQQ = 2_000

/** Who is at the other end of a connection, from its handshake. */
export interface PeerInfo {
  readonly peerId: PeerId
  /** Of both sides: with `v2` hash messages are sent to it (BEP 52); of a torrent that is v2 only they are anyway. */
  readonly capabilities: Capabilities
  readonly address: PeerAddress
  readonly incoming: boolean
  /**
   * The connection is older than the torrent's metadata: the peer has heard that we have nothing (where it understands that),
   * so what we have follows piece by piece. @default false
   */
  readonly greeted?: boolean
}

export class Peer implements Holder {
  readonly key: PeerKey
  readonly info: PeerInfo
  readonly sender: Sender
  readonly connectedAt: number

  /** What the peer has. */
  pieces: Bitfield
  /** Counted as a whole in the availability instead of piece by piece. */
  joinedAsSeed = false
  /** A bitfield, have-all, have-none or have came: a further bitfield only adds pieces. */
  hasShownPieces = false
  /** How many of the pieces that we got it has been told of, in the order of have-news.ts. */
  toldHaves = 0
  /** Pieces that the peer has and we need. */
  needed = 0

  amChoking = true
  amInterested = false
  peerChoking = true
  peerInterested = false

  // ---- downloading from it
  readonly pipeline = new RequestPipeline<Peer>()
  readonly down: RateMeter
  /** Gets pieces alone until one passes: it took part in a piece that failed. */
  isOnParole = false
  /** It took part in a piece that passed. */
  isProven = false
  /** The piece its last requests were for. */
  current: PartialPiece<Peer> | undefined
  /** Version of the picker's lists in which it found nothing to open. */
  emptyAt = -1
  /** Pieces that it may be asked for while it chokes us (BEP 6). */
  readonly allowedFast = new Set<number>()
  /** Pieces that it proposed (BEP 6), oldest first. */
  readonly suggested: number[] = []
  /** Pieces of which it rejected a request since its last unchoke: asking again at once would loop. */
  readonly refused = new Set<number>()
  lastBlockAt: number
  /** Best rate ever measured, bytes per second: what it may be worth when it is idle. */
  bestRate = 0
  /** When it was found to answer no request. */
  snubbedAt = 0
  /** When the oldest request started to wait for an answer. */
  waitingSince: number

  // ---- uploading to it
  readonly uploads = new UploadQueue()
  readonly up: RateMeter
  /** Pieces that it may ask us for while we choke it (BEP 6), and how many blocks of each it still may. */
  readonly grantedFast = new Map<number, number>()
  /** Pieces of the info dictionary that it waits for (BEP 9), and how many it was given and refused so far. */
  readonly metadataRequests: number[] = []
  metadataGiven = 0
  metadataRefused = 0
  /** Hashes that it waits for (BEP 52), and how many requests were taken and refused so far. */
  readonly hashRequests: HashRequestMessage[] = []
  hashesGiven = 0
  hashesRefused = 0
  /** Bytes that were read and hashed for it. */
  hashedBytes = 0
  unchokedAt: number
  chokedAt: number
  uploadedSinceUnchoke = 0
  isOptimistic = false

  // ---- the connection
  /** When a block last went either way; before the first one, when it connected. */
  usedAt: number
  /** A message came that says something. */
  hasSpoken = false
  lastMessageAt: number
  lastInterestAt: number
  /** When it had nothing any more that we need. */
  satisfiedAt = Number.NEGATIVE_INFINITY
  uploadOnly = false
  client: string | undefined
  listenPort: number | undefined
  /** The ids under which it wants extension messages (BEP 10), by name. */
  extensions: ReadonlyMap<string, number> = new Map()
  isClosed = false
  /** For what it says in vain. */
  readonly patience: Patience
  /** Rejects and unasked blocks of its that are forgiven as yet; bytes for the latter. */
  strayRejects = 0
  strayBytes = 0
  strayHashes = 0
  /** Requests that it was refused since the last time it could know better. */
  refusedRequests = 0

  constructor(key: PeerKey, info: PeerInfo, pieceCount: number, now: number) {
    this.key = key
    this.info = info
    this.sender = { key, peerId: info.peerId, address: info.address }
    this.pieces = new Bitfield(pieceCount)
    this.connectedAt = now
    this.patience = new Patience(now)
    this.down = new RateMeter(now)
    this.up = new RateMeter(now)
    this.lastBlockAt = now
    this.waitingSince = now
    this.unchokedAt = now
    this.chokedAt = now
    this.usedAt = now
    this.lastMessageAt = now
    this.lastInterestAt = now
  }

  get isSeed(): boolean {
    return this.pieces.isComplete
  }

  get isSnubbed(): boolean {
    return this.pipeline.isSnubbed
  }

  /** The peer has the piece and would answer a request for it. */
  canServe(piece: number): boolean {
    if (!this.pieces.has(piece)) return false
    if (this.peerChoking && !this.allowedFast.has(piece)) return false
    return this.refused.size === 0 || !this.refused.has(piece)
  }

  /** BEP 10: it may introduce itself again, with only what changed. */
  introduce({ client, listenPort, requestQueue, uploadOnly, extensions }: ExtensionHandshake): void {
    this.client = client ?? this.client
    this.listenPort = listenPort ?? this.listenPort
    this.pipeline.reqq = Math.min(requestQueue ?? this.pipeline.reqq, MOST_REQQ)
    this.uploadOnly = uploadOnly ?? this.uploadOnly
    if (extensions.size === 0) return
    const known = new Map([...this.extensions, ...extensions])
    if (known.size <= MOST_EXTENSIONS) this.extensions = known
  }

  snapshot(now: number, depth: number): PeerSnapshot {
    return {
      key: this.key,
      ...this.info,
      amChoking: this.amChoking,
      amInterested: this.amInterested,
      peerChoking: this.peerChoking,
      peerInterested: this.peerInterested,
      snubbed: this.isSnubbed,
      optimistic: this.isOptimistic,
      uploadOnly: this.uploadOnly,
      isSeed: this.isSeed,
      piecesCount: this.pieces.count,
      downRate: this.down.rate(now),
      upRate: this.up.rate(now),
      downloaded: this.down.total,
      uploaded: this.up.total,
      pipelineDepth: depth,
      outstanding: this.pipeline.live,
      queuedUploads: this.uploads.length,
      client: this.client,
      listenPort: this.listenPort,
    }
  }
}
