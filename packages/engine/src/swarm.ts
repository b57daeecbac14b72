// What the parts of one engine share: the torrent's state, its peers and its policies. A plain record made once; behaviour
// lives in the parts that work on it.

import type { FileTrees } from '@torrential/metainfo'
import {
  LazyMap,
  type Bitfield,
  type Geometry,
  giveBack,
  type InfoHash,
  InputError,
  type PeerKey,
  type Random,
  SeededRandom,
} from '@torrential/primitives'
import { Availability } from './availability.ts'
import { BanList } from './ban-list.ts'
import { ByteLedger } from './byte-ledger.ts'
import { Choker } from './choker.ts'
import { CreditShares } from './credit-shares.ts'
import { DownloadCredit } from './download-credit.ts'
import { Endgame } from './endgame.ts'
import type { ResolvedOptions } from './options.ts'
import { HashAsker } from './hash-asker.ts'
import { Outbox } from './outbox.ts'
import type { Peer } from './peer.ts'
import { PiecePicker } from './piece-picker.ts'
import { PieceStore } from './piece-store.ts'
import { ProvenPeers } from './proven-peers.ts'
import { RateMeter } from './rate-meter.ts'
import { ReadWindows } from './read-windows.ts'
import { Selection } from './selection.ts'
import { SmartBan } from './smart-ban.ts'

/** What an engine works with. */
export interface EngineParts {
  readonly geometry: Geometry
  /** Verified and written pieces at the start. The engine owns it from now on: nobody else changes it. */
  readonly have: Bitfield
  readonly random: Random
  /** Shared by every engine of a session. @default one of the engine's own, of `creditBytes` */
  readonly credit?: DownloadCredit
  /** From it and the peer's address the allowed-fast set is made (BEP 6); none is sent without it. */
  readonly infoHash?: InfoHash
  /**
   * v2 and hybrid (BEP 52): the torrent's merkle trees. Hashes are given out of them, and layers that they lack are asked for
   * and added. Of a v2 torrent they have to be whole: without them no piece can be verified. @default there are none
   */
  readonly trees?: FileTrees
  /** The info dictionary, byte for byte: peers that have only its hash get it (BEP 9). @default nobody gets it */
  readonly metadata?: Uint8Array
}

/** A piece above this share of the credit is written in runs, whatever its length: it must not fill the credit alone. */
const CREDIT_SHARE = 4
/** How many times as long a run behind a gap has to be: of 16 MiB pieces from one libtorrent seed none was found 2 MiB ahead. */
const AHEAD = 8

export class Swarm {
  readonly geometry: Geometry
  readonly have: Bitfield
  readonly infoHash: InfoHash | undefined
  readonly metadata: Uint8Array | undefined
  readonly trees: FileTrees | undefined
  options: ResolvedOptions
  /** The time of the last input. */
  now = 0
  isPaused = false
  /** Blocks became free, or wanted: idle peers have to look for work when the input has been dealt with. */
  hasNewWork = false
  /** An upload slot may have become free: waiting peers get it when the input has been dealt with. */
  hasFreeSlot = false
  /** Hashes may be asked for when the input has been dealt with. */
  hasHashWork = false

  readonly peers = new LazyMap<PeerKey, Peer>()
  readonly outbox = new Outbox()
  readonly availability: Availability
  readonly store: PieceStore<Peer>
  readonly selection: Selection
  readonly windows: ReadWindows
  readonly picker: PiecePicker
  readonly ledger: ByteLedger
  readonly shares: CreditShares
  readonly endgame = new Endgame()
  readonly smartBan = new SmartBan()
  readonly asker = new HashAsker()
  readonly bans = new BanList()
  readonly choker = new Choker<Peer>()

  readonly down = new RateMeter(0)
  readonly up = new RateMeter(0)
  wasted = 0

  constructor(parts: EngineParts, options: ResolvedOptions) {
    const { geometry, have } = parts
    if (have.length !== geometry.pieceCount) {
      throw new InputError('HAVE_LENGTH', `a bitfield of ${have.length} for ${geometry.pieceCount} pieces`)
    }
    this.geometry = geometry
    this.have = have
    this.infoHash = parts.infoHash
    this.metadata = parts.metadata
    this.trees = parts.trees
    this.options = options
    // The engine draws often and needs no secrets: one draw from the given dice seeds quick ones of its own.
    this.availability = new Availability(geometry.pieceCount, new SeededRandom(parts.random.next() * 2 ** 32))
    this.store = new PieceStore<Peer>(geometry)
    this.selection = new Selection(have)
    this.windows = new ReadWindows(geometry.pieceCount, (piece) => have.has(piece))
    this.ledger = new ByteLedger(parts.credit ?? new DownloadCredit(options.creditBytes))
    this.shares = new CreditShares(
      () => this.options,
      this.ledger,
      () => this.windows.areUsed(this.now),
    )
    this.picker = new PiecePicker({
      geometry,
      have,
      availability: this.availability,
      store: this.store,
      selection: this.selection,
      windows: this.windows,
      proven: new ProvenPeers(this.peers),
      writesInRuns: (length) => this.writesInRuns(length),
      isCreditShort: () => this.ledger.credit.used > this.ledger.credit.budget / 2,
    })
    this.picker.isSequential = options.sequential
    for (let piece = 0; piece < geometry.pieceCount; piece++) this.picker.refile(piece)
  }

  /**
   * Nothing is needed of anybody (BEP 21). A torrent of which somebody has read what was not selected goes on as a downloader:
   * readers come again, and a seed that parted from us would have to be dialed anew for each.
   */
  get isUploadOnly(): boolean {
    const { selection, have } = this
    return selection.isFinished && (have.isComplete || !selection.isReadBeyond)
  }

  /** Pieces of so many bytes do not wait in memory until they are whole. */
  writesInRuns(length: number): boolean {
    return length > this.options.wholePieceLimit || length > this.ledger.credit.budget / CREDIT_SHARE
  }

  /** Bytes of the shortest run worth a write; never so long that the credit could not pay for it. */
  get leastRun(): number {
    return Math.min(this.options.writeRun, this.ledger.credit.budget / CREDIT_SHARE)
  }

  /**
   * The same behind a gap. A hash follows the runs that come in order, and whatever it misses, all that is behind included, has to be read
   * back: a gap that a seed's own disk makes is soon filled, and worth some waiting.
   */
  get leastRunAhead(): number {
    return Math.min(this.options.writeRun * AHEAD, this.ledger.credit.budget / CREDIT_SHARE)
  }

  /** A block of no use has come: nobody looks at it again. */
  wasteBlock(peer: PeerKey, block: Uint8Array, reason: 'late' | 'unexpected'): void {
    this.waste(peer, block.length, reason)
    giveBack([block])
  }

  waste(peer: PeerKey, bytes: number, reason: 'late' | 'unexpected' | 'failed'): void {
    this.wasted += bytes
    this.outbox.event({ type: 'waste', peer, bytes, reason })
  }
}
