import type {
  Bitfield,
  Geometry,
  Machine,
  PeerAddress,
  PeerId,
  PeerKey,
  PieceIndex,
  Random,
} from '@torrential/primitives'
import type { Capabilities, Message } from '@torrential/protocol'
import type { Action, Upload } from './action.ts'
import { DownloadCredit } from './download-credit.ts'
import { type EngineOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import type { PieceRange, ReadWindow } from './read-windows.ts'
import type { EngineStats, PeerSnapshot } from './snapshot.ts'

/** What an engine works with. */
export interface EngineParts {
  readonly geometry: Geometry
  /** Verified and written pieces at the start. The engine owns it from now on: nobody else changes it. */
  readonly have: Bitfield
  readonly random: Random
  /** Shared by every engine of a session. @default one of the engine's own, of `creditBytes` */
  readonly credit?: DownloadCredit
}

/** Who is at the other end of a connection, from its handshake. */
export interface PeerInfo {
  readonly peerId: PeerId
  readonly capabilities: Capabilities
  readonly address: PeerAddress
  readonly incoming: boolean
}

export class SwarmEngine implements Machine<Action> {
  readonly have: Bitfield
  #options: ResolvedOptions

  /** @throws InputError `ENGINE_OPTION`, `HAVE_LENGTH` (the bitfield has another number of pieces than the geometry) */
  constructor(parts: EngineParts, options: EngineOptions = {}) {
    this.have = parts.have
    this.#options = resolveOptions(options)
  }

  // ---- connections
  connected(_peer: PeerKey, _info: PeerInfo, _now: number): void {}
  disconnected(_peer: PeerKey, _now: number): void {}
  received(_peer: PeerKey, _messages: readonly Message[], _now: number): void {}
  isBanned(_address: PeerAddress): boolean {
    return false
  }
  /** Closes the peer with PEER_BANNED when connected and remembers the address. */
  ban(_address: PeerAddress): void {}

  // ---- disk
  committed(_piece: PieceIndex, _now: number): void {}
  rejected(_piece: PieceIndex, _now: number): void {}
  failed(_piece: PieceIndex, _now: number): void {}
  written(_piece: PieceIndex, _offset: number, _length: number, _now: number): void {}
  lost(_piece: PieceIndex, _now: number): void {}
  gained(_piece: PieceIndex, _now: number): void {}

  // ---- uploads
  nextUpload(_peer: PeerKey, _now: number): Upload | undefined {
    return undefined
  }
  uploaded(_peer: PeerKey, _bytes: number, _now: number): void {}
  unreadable(_peer: PeerKey, _upload: Upload, _now: number): void {}

  // ---- what is wanted
  setPriorities(_priorities: Uint8Array, _now: number): void {}
  setSequential(_on: boolean, _now: number): void {}
  openWindow(_range: PieceRange, _now: number): ReadWindow {
    return { move: () => {}, close: () => {} }
  }
  pause(_now: number): void {}
  resume(_now: number): void {}
  configure(options: EngineOptions, _now: number): void {
    this.#options = resolveOptions(options, this.#options)
  }
  /** Gives back the credit that the engine holds. Call it once, when the torrent goes away. */
  [Symbol.dispose](): void {}

  // ---- machine
  next(): Action | undefined {
    return undefined
  }
  tick(_now: number): void {}
  get deadline(): number {
    return Number.POSITIVE_INFINITY
  }

  // ---- views
  get stats(): EngineStats {
    throw new Error('not built yet')
  }
  peer(_key: PeerKey): PeerSnapshot | undefined {
    return undefined
  }
  /** One per connection, in order of connecting. */
  peers(): PeerSnapshot[] {
    return []
  }
  /** Copies of each piece among connected peers; a fresh array. */
  availability(): Uint32Array {
    return new Uint32Array(this.have.length)
  }
}
