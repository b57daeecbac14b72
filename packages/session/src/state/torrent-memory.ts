// What a user has decided about one torrent, for as long as the torrent lives, and its entry in the state folder for longer
// than that. What is decided elsewhere (priorities, limits) is looked up when it is written.

import { formatMagnet, type Magnet, type PathRules } from '@torrential/metainfo'
import type { PeerAddress, TorrentialError } from '@torrential/primitives'
import type { AddOptions } from '../options.ts'
import type { Torrent } from '../torrent.ts'
import { NORMAL_PRIORITY } from '../torrent-file.ts'
import type { EntryDraft, EntrySubject, TorrentEntries } from './torrent-entries.ts'
import type { TorrentEntry } from './torrent-entry.ts'

/** An entry that a torrent is made of again. */
export interface RestoredEntry {
  readonly entry: TorrentEntry
  readonly torrentFile: Uint8Array | undefined
}

export interface TorrentMemoryParts {
  readonly entries: TorrentEntries | undefined
  readonly torrent: Torrent
  /** The link, when that is what was added. */
  readonly magnet: Magnet | undefined
  readonly options: AddOptions
  readonly peers: readonly PeerAddress[]
}

const NO_TRACKERS: TorrentEntry['addedTrackers'] = []

type Decisions = Pick<TorrentEntry, 'isStarted' | 'isPaused' | 'isSequential'>

export class TorrentMemory implements EntrySubject {
  readonly #parts: TorrentMemoryParts
  readonly #added: number
  #addedTrackers: TorrentEntry['addedTrackers'] = NO_TRACKERS
  #paths: PathRules | undefined
  #decisions: Decisions
  #isReleased = false

  /** `paths`: of the .torrent; undefined when it came parsed. */
  constructor(parts: TorrentMemoryParts, paths: PathRules | undefined, restored: RestoredEntry | undefined) {
    this.#parts = parts
    const { entries, options, magnet } = parts
    const { start = true, sequential = false } = options
    this.#paths = magnet === undefined ? paths : (options.paths ?? 'portable')
    this.#decisions = { isStarted: start, isPaused: restored?.entry.isPaused === true, isSequential: sequential }
    this.#added = restored?.entry.added ?? entries?.nextAdded() ?? 0
    if (restored !== undefined) entries?.adopt(this, restored)
    else this.changed()
  }

  /** Those that the user named. */
  get peers(): readonly PeerAddress[] {
    return this.#parts.peers
  }

  get isPaused(): boolean {
    return this.#decisions.isPaused
  }

  /** Something is different from what was written. Of a torrent that has left the session nothing is remembered any more. */
  changed(): void {
    if (!this.#isReleased) this.#parts.entries?.changed(this)
  }

  decided(decisions: Partial<Decisions>): void {
    this.#decisions = { ...this.#decisions, ...decisions }
    this.changed()
  }

  trackerAdded(url: string, tier: number | undefined): void {
    this.#addedTrackers = [...this.#addedTrackers, tier === undefined ? [url] : [url, tier]]
    this.changed()
  }

  async release(forget: boolean): Promise<void> {
    this.#isReleased = true
    await this.#parts.entries?.[forget ? 'forget' : 'release'](this)
  }

  warn(error: TorrentialError): void {
    this.#parts.torrent.warn(error)
  }

  draft(): EntryDraft {
    const { torrent, magnet, options, peers } = this.#parts
    const { infoHash, path, hasMetadata, maxDown, maxUp } = torrent
    const { trackers = true, maxConnections } = options
    const { priorities } = torrent
    const areNormal = priorities.every((priority) => priority === NORMAL_PRIORITY)
    return {
      torrentFile: hasMetadata ? torrent.torrentFile : undefined,
      entry: {
        infoHash,
        added: this.#added,
        path,
        peers,
        ...this.#decisions,
        paths: (this.#paths ??= torrent.metainfo.pathRules),
        ...(!hasMetadata && magnet !== undefined && { magnet: formatMagnet(magnet) }),
        priorities: areNormal ? '' : priorities.join(''),
        trackers: trackers === true ? [] : trackers,
        addedTrackers: this.#addedTrackers,
        ...(Number.isFinite(maxDown) && { maxDown }),
        ...(Number.isFinite(maxUp) && { maxUp }),
        ...(maxConnections !== undefined && { maxConnections }),
      },
    }
  }
}
