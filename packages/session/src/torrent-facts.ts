// What a torrent is, as opposed to what it does: names, hashes, sizes. Of a magnet link that is little until the metadata
// arrives; what is not known yet has a documented stand-in, and only what would be a lie throws.

import { formatMagnet, type Magnet, type Metainfo, type MetainfoVersion } from '@torrential/metainfo'
import { InputError, toHex } from '@torrential/primitives'
import { isMetainfo } from './load-source.ts'

export class TorrentFacts {
  readonly #origin: Metainfo | Magnet
  #metainfo: Metainfo | undefined

  /** @internal */
  constructor(origin: Metainfo | Magnet) {
    this.#origin = origin
    if (isMetainfo(origin)) this.#metainfo = origin
  }

  /** False while the metadata of a magnet link is on its way; the event `metadata` tells when it is here. */
  get hasMetadata(): boolean {
    return this.#metainfo !== undefined
  }

  /**
   * What the .torrent says; its byte arrays must not be changed.
   * @throws InputError `METADATA_UNKNOWN` unless `hasMetadata`
   */
  get metainfo(): Metainfo {
    if (this.#metainfo !== undefined) return this.#metainfo
    throw new InputError('METADATA_UNKNOWN', 'the metadata of this magnet link has not arrived yet')
  }

  /** 40 hexadecimal digits that name the swarm: v1, or v2 cut short (BEP 52). */
  get infoHash(): string {
    return toHex(this.#identity.infoHash)
  }

  /** Safe name of the file or of the folder of files. Without metadata: what the magnet link says, or the infohash. */
  get name(): string {
    return this.#identity.name ?? this.infoHash
  }

  /** Without metadata: as far as the magnet link tells, by its infohashes. */
  get version(): MetainfoVersion {
    if (this.#metainfo !== undefined) return this.#metainfo.version
    const { infoHashV1, infoHashV2 } = this.#identity
    if (infoHashV2 === undefined) return 'v1'
    return infoHashV1 === undefined ? 'v2' : 'hybrid'
  }

  /** 40 hexadecimal digits; undefined for a torrent that is v2 only. */
  get infoHashV1(): string | undefined {
    return this.#identity.infoHashV1 && toHex(this.#identity.infoHashV1)
  }

  /** 64 hexadecimal digits; undefined for a torrent that is v1 only. */
  get infoHashV2(): string | undefined {
    return this.#identity.infoHashV2 && toHex(this.#identity.infoHashV2)
  }

  /**
   * The .torrent, byte for byte; of a magnet link, the info dictionary byte for byte with the link's trackers and web seeds.
   * @throws InputError `METADATA_UNKNOWN` unless `hasMetadata`
   */
  get torrentFile(): Uint8Array {
    return this.metainfo.bytes
  }

  /** A link that names this torrent and its trackers (BEP 9). */
  get magnet(): string {
    const { infoHashV1, infoHashV2, name, trackers, webSeeds } = this.#identity
    return formatMagnet({
      ...(infoHashV1 && { infoHashV1 }),
      ...(infoHashV2 && { infoHashV2 }),
      ...(name !== undefined && { name }),
      trackers: trackers.flat(),
      webSeeds,
    })
  }

  /** Bytes of all files; 0 without metadata. */
  get length(): number {
    return this.#metainfo?.length ?? 0
  }

  /** 0 without metadata. */
  get pieceLength(): number {
    return this.#metainfo?.geometry.pieceLength ?? 0
  }

  /** 0 without metadata. */
  get pieceCount(): number {
    return this.#metainfo?.geometry.pieceCount ?? 0
  }

  /** BEP 27: peers come from the torrent's own trackers only. False without metadata. */
  get private(): boolean {
    return this.#metainfo?.private ?? false
  }

  get comment(): string | undefined {
    return this.#metainfo?.comment
  }

  get createdBy(): string | undefined {
    return this.#metainfo?.createdBy
  }

  /** Unix seconds. */
  get creationDate(): number | undefined {
    return this.#metainfo?.creationDate
  }

  /** @internal */
  protected learn(metainfo: Metainfo): void {
    this.#metainfo = metainfo
  }

  /** Of the metadata, or of the magnet link. */
  get #identity(): Metainfo | Magnet {
    return this.#metainfo ?? this.#origin
  }
}
