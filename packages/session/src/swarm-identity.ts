// Under which names a torrent's swarm is found, and what is said of it in a handshake. A hybrid torrent has two names, its v1
// infohash and its v2 infohash cut short, and two swarms, which meet in the peers that know both (BEP 52): who is dialed by the v1
// name and sees that the other knows v2 as well answers with the v2 name, and both speak v2 from then on.
//
// That a torrent of a v1 name is v2 as well is known from its metadata and from nothing else. A magnet link with both names, or a
// peer's bit, may claim what it likes.

import type { Magnet, Metainfo } from '@torrential/metainfo'
import { equalBytes, type InfoHash, truncateInfoHash } from '@torrential/primitives'
import type { Capabilities, Handshake } from '@torrential/protocol'

export interface SwarmIdentity {
  /** 20 bytes each, one or two; v1 first. */
  readonly names: readonly [InfoHash, ...InfoHash[]]
  /** The v2 one of them, when it is certain that it names the same torrent. */
  readonly v2?: InfoHash
}

export function identityOf(origin: Metainfo | Magnet): SwarmIdentity {
  const { infoHash, infoHashV1, infoHashV2 } = origin
  const cut = infoHashV2 && truncateInfoHash(infoHashV2)
  // Whatever a v2 infohash alone names is v2. That two infohashes name the same is a claim until the metadata is here.
  const isProven = cut !== undefined && (infoHashV1 === undefined || 'version' in origin)
  return {
    names: cut === undefined || equalBytes(cut, infoHash) ? [infoHash] : [infoHash, cut],
    ...(isProven && { v2: cut }),
  }
}

/** What our handshake says, as its reserved bytes (BEP 6, 10, 52). */
export function capabilitiesOf({ v2 }: SwarmIdentity): Capabilities {
  return { extensions: true, fast: true, dht: false, v2: v2 !== undefined }
}

/** The name with which we answer a peer that dialed us. */
export function answerName({ v2 }: SwarmIdentity, remote: Handshake): InfoHash {
  return v2 !== undefined && remote.capabilities.v2 ? v2 : remote.infoHash
}

/**
 * What both sides can do: a bit that only one of them has set means nothing. v2 is spoken when `name`, with which whoever was
 * dialed answered, is the v2 one.
 */
export function agreed({ v2 }: SwarmIdentity, { extensions, fast }: Capabilities, name: InfoHash): Capabilities {
  return { extensions, fast, dht: false, v2: v2 !== undefined && equalBytes(name, v2) }
}
