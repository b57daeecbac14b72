// The torrents of a session by the names under which peers ask for them. A hybrid torrent has two: its v1 infohash and its v2
// infohash cut short; that the v1 and the v2 magnet of one torrent are the same may become known only with the metadata.

import { type InfoHash, type InfoHashV2, toHex, truncateInfoHash } from '@torrential/primitives'
import type { Torrent } from './torrent.ts'

/** Of a .torrent or of a magnet link. */
export interface TorrentIdentity {
  readonly infoHashV1?: InfoHash
  readonly infoHashV2?: InfoHashV2
}

/** What a .torrent says of others (BEP 38); a magnet link says nothing. */
export interface TorrentRelations {
  readonly similar?: readonly Uint8Array[]
  readonly collections?: readonly string[]
}

export class TorrentIndex {
  /** With the names of each. */
  readonly #torrents = new Map<Torrent, string[]>()
  /** Those that say something of others. */
  readonly #relating = new Set<Torrent>()
  readonly #byName = new Map<string, Torrent>()

  /** In the order in which they came. */
  get all(): readonly Torrent[] {
    return [...this.#torrents.keys()]
  }

  get size(): number {
    return this.#torrents.size
  }

  has(torrent: Torrent): boolean {
    return this.#torrents.has(torrent)
  }

  /** The torrent of an infohash, 40 hexadecimal digits. */
  get(infoHash: string): Torrent | undefined {
    return this.#byName.get(infoHash)
  }

  /** A torrent that is here under one of these names. */
  find(identity: TorrentIdentity): Torrent | undefined {
    return this.findOther(undefined, identity)
  }

  /** As `find`, but not this one. */
  findOther(torrent: Torrent | undefined, identity: TorrentIdentity): Torrent | undefined {
    const owners = namesOf(identity).map((name) => this.#byName.get(name))
    return owners.find((owner) => owner !== undefined && owner !== torrent)
  }

  /** Adds a torrent, or names that were learned of one. A name that another has is taken from it. */
  add(torrent: Torrent, identity: TorrentIdentity & TorrentRelations): void {
    const names = this.#torrents.get(torrent) ?? []
    this.#torrents.set(torrent, names)
    for (const name of namesOf(identity)) {
      this.#byName.set(name, torrent)
      names.push(name)
    }
    if (relates(identity)) this.#relating.add(torrent)
  }

  delete(torrent: Torrent): void {
    for (const name of this.#torrents.get(torrent) ?? []) {
      if (this.#byName.get(name) === torrent) this.#byName.delete(name)
    }
    this.#torrents.delete(torrent)
    this.#relating.delete(torrent)
  }

  /** The others with which a torrent may have files in common: only those that say so themselves, unless it says something. */
  *relatives(torrent: Torrent, says: TorrentRelations): Generator<Torrent> {
    for (const other of relates(says) ? this.#torrents.keys() : this.#relating) if (other !== torrent) yield other
  }
}

function relates({ similar = [], collections = [] }: TorrentRelations): boolean {
  return similar.length + collections.length > 0
}

function namesOf({ infoHashV1, infoHashV2 }: TorrentIdentity): string[] {
  const names: string[] = []
  if (infoHashV1 !== undefined) names.push(toHex(infoHashV1))
  if (infoHashV2 !== undefined) names.push(toHex(truncateInfoHash(infoHashV2)))
  return names
}
