// A peer that may have the metadata, as the fetch knows it.

import type { PeerKey } from '@torrential/primitives'
import { EXTENSION_NAMES, type ExtensionHandshake } from '@torrential/protocol'
import type { MetadataSender } from './metadata-draft.ts'
import type { PeerInfo } from './peer.ts'

export class MetadataPeer {
  readonly key: PeerKey
  readonly info: PeerInfo
  readonly sender: MetadataSender
  /** Bytes of the info dictionary, as it claims. */
  length: number | undefined
  /** Under which it wants ut_metadata; 0 while it speaks none. */
  messageId = 0
  /** Pieces that it was asked for, and when. */
  readonly asked = new Map<number, number>()
  /** Nothing is asked of it before. */
  pausedUntil = 0
  /** Requests in a row that it did not answer. */
  timeouts = 0
  /** Rejects since it was last of use. */
  rejects = 0
  /** Messages that nobody asked for, and requests of its that were rejected. */
  strays = 0
  /** When it connected, or last sent a piece. */
  usefulAt: number

  constructor(key: PeerKey, info: PeerInfo, now: number) {
    this.key = key
    this.info = info
    this.sender = { key, address: info.address }
    this.usefulAt = now
  }

  /** It says that it has the metadata and answers for it. */
  get canGive(): boolean {
    return this.length !== undefined && this.messageId > 0
  }

  /** What its extension handshake says; it may come again with what changed. */
  hear(handshake: ExtensionHandshake): void {
    this.length = handshake.metadataLength ?? this.length
    this.messageId = handshake.extensions.get(EXTENSION_NAMES.metadata) ?? this.messageId
  }
}
