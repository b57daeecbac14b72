// Peers come, introduce themselves and go. Whoever ends a connection, everything that hangs on it is given back at once: its
// requests, its place in the availability, its pieces.

import { equalBytes, type PeerAddress, type PeerKey, type PieceIndex, type PeerError } from '@torrential/primitives'
import { allowedFastSet, encodeExtensionHandshake, type Message } from '@torrential/protocol'
import { METADATA_EXTENSION } from './extension-ids.ts'
import type { HaveNews } from './have-news.ts'
import type { Sender } from './holder.ts'
import { Peer, type PeerInfo } from './peer.ts'
import type { Requester } from './requester.ts'
import type { Swarm } from './swarm.ts'
import { violation, type ViolationCode } from './violation.ts'

/** A choked peer may ask for each block of its allowed-fast pieces this often. */
const FAST_REPEATS = 2

export class Connections {
  readonly #swarm: Swarm
  readonly #requester: Requester
  readonly #news: HaveNews

  constructor(swarm: Swarm, requester: Requester, news: HaveNews) {
    this.#swarm = swarm
    this.#requester = requester
    this.#news = news
  }

  open(key: PeerKey, info: PeerInfo, now: number): void {
    const { peers, geometry, picker, bans } = this.#swarm
    const peer = new Peer(key, info, geometry.pieceCount, now)
    peers.set(key, peer)
    picker.peerCount = peers.size
    if (bans.has(info.address)) this.close(peer, violation('PEER_BANNED'))
    else this.#greet(peer)
  }

  /** The connection is gone. Unknown keys are those that were closed from here. */
  gone(key: PeerKey): void {
    const peer = this.#swarm.peers.get(key)
    if (peer !== undefined) this.#detach(peer)
  }

  /** Ends a connection from our side. */
  close(peer: Peer, error: PeerError): void {
    if (peer.isClosed) return
    this.#detach(peer)
    this.#swarm.outbox.push({ type: 'close', peer: peer.key, error })
  }

  /** A peer was proven to have sent wrong data. It may be gone already; its address stays banned. */
  banSender(sender: Sender, piece: PieceIndex, code: ViolationCode = 'PEER_BANNED'): void {
    const { bans, peers, outbox } = this.#swarm
    bans.add(sender.address)
    outbox.event({ type: 'banned', peer: sender.key, piece })
    const known = peers.get(sender.key)
    if (known?.listenPort !== undefined) bans.add({ ...sender.address, port: known.listenPort })
    for (const peer of Array.from(peers.values())) {
      const isSame = peer.key === sender.key || equalBytes(peer.info.peerId, sender.peerId)
      if (isSame) this.close(peer, violation(code, { piece }))
    }
  }

  banAddress(address: PeerAddress): void {
    const { bans, peers } = this.#swarm
    bans.add(address)
    for (const peer of Array.from(peers.values())) {
      if (bans.has(peer.info.address)) this.close(peer, violation('PEER_BANNED'))
    }
  }

  /** Parts from peers of which we need nothing and that need nothing of us (BEP 21). */
  closeRedundant(): void {
    for (const peer of Array.from(this.#swarm.peers.values())) this.closeIfRedundant(peer)
  }

  closeIfRedundant(peer: Peer): void {
    const { options, isUploadOnly, isPaused, asker } = this.#swarm
    if (options.keepSeeds || isPaused || !isUploadOnly || peer.needed > 0) return
    // It may have hashes that we lack.
    if (!asker.isIdle && this.#speaksV2(peer)) return
    if (peer.isSeed || peer.uploadOnly) this.close(peer, violation('SEED_TO_SEED'))
  }

  /** BEP 21: says again who we are, because `upload_only` changed. */
  announceUploadOnly(): void {
    for (const peer of this.#swarm.peers.values()) this.#sendExtensionHandshake(peer)
  }

  #greet(peer: Peer): void {
    const { have, outbox } = this.#swarm
    const { greeted, capabilities } = peer.info
    const { fast } = capabilities
    if (greeted === true) for (const piece of have) outbox.send(peer.key, { type: 'have', piece })
    else if (fast && have.isComplete) outbox.send(peer.key, { type: 'have-all' })
    else if (fast && have.isEmpty) outbox.send(peer.key, { type: 'have-none' })
    else if (!have.isEmpty) outbox.send(peer.key, { type: 'bitfield', bitfield: have.toBytes() })
    this.#news.greeted(peer)
    this.#sendExtensionHandshake(peer)
    if (fast) this.#grantFast(peer)
    if (!this.#speaksV2(peer)) return
    this.#swarm.asker.join(peer.key)
    this.#swarm.hasHashWork = true
  }

  #sendExtensionHandshake(peer: Peer): void {
    if (!peer.info.capabilities.extensions) return
    const { metadata, options, isUploadOnly, outbox } = this.#swarm
    const { listenPort } = options
    const offered = metadata === undefined ? [] : [METADATA_EXTENSION]
    const payload = encodeExtensionHandshake({
      extensions: new Map([...offered, ...Object.entries(options.extensions)]),
      client: options.client,
      requestQueue: options.requestQueue,
      yourHost: peer.info.address.host,
      // Told otherwise than we think, seeds would part from us.
      uploadOnly: isUploadOnly,
      ...(listenPort > 0 && { listenPort }),
      ...(metadata && { metadataLength: metadata.length }),
    })
    const message: Message = { type: 'extended', id: 0, payload }
    outbox.send(peer.key, message)
  }

  /** BEP 52: hash messages mean something to it. */
  #speaksV2(peer: Peer): boolean {
    const { trees, geometry } = this.#swarm
    return trees !== undefined && (geometry.kind === 'v2' || peer.info.capabilities.v2)
  }

  #grantFast(peer: Peer): void {
    const { geometry, have, infoHash, options, outbox } = this.#swarm
    if (infoHash === undefined || have.isEmpty || options.allowedFast === 0) return
    const size = Math.min(options.allowedFast, 100)
    for (const piece of allowedFastSet(peer.info.address.host, infoHash, geometry.pieceCount, size)) {
      if (!have.has(piece)) continue
      peer.grantedFast.set(piece, FAST_REPEATS * geometry.blocksIn(piece))
      outbox.send(peer.key, { type: 'allowed-fast', piece })
    }
  }

  #detach(peer: Peer): void {
    const { peers, availability, picker, shares } = this.#swarm
    peer.isClosed = true
    if (!peer.peerChoking) shares.open--
    this.#requester.releaseAll(peer)
    peer.pipeline.clear()
    this.#swarm.asker.leave(peer.key)
    if (peer.joinedAsSeed) availability.leaveSeed()
    else availability.leave(peer.pieces)
    peers.delete(peer.key)
    picker.peerCount = peers.size
    // Somebody may have the slot now.
    if (!peer.amChoking) this.#swarm.hasFreeSlot = true
  }
}
