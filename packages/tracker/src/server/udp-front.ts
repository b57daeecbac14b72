// The UDP face of the tracker (BEP 15, 41): one packet in, at most one packet out, in the same turn of the event loop.
//
// Invariant: an address that has not proved that it receives our packets (by a connection id) never gets a reply larger than
// its request. Packets that are nothing get nothing.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { fromUtf8, readUint32, SourceError, writeUint32 } from '@torrential/primitives'
import { addressBytes } from './address-bytes.ts'
import type { ConnectionIds } from './connection-ids.ts'
import { DEFAULT_NUM_WANT } from './http-answer.ts'
import { compactKey, type FrontCounters, isAllowed, record, type TrackerCore } from './tracker-core.ts'
import { UdpReplies } from './udp-replies.ts'
import { CONNECT_LENGTH, isConnect, readAnnounce, readScrape, SCRAPE_LENGTH } from './udp-request.ts'

/** Bytes of a reply: fits every IPv6 link (1,280) behind its headers. */
export const MAX_PACKET = 1_232
const maxScrape = 74
/** Kernel buffers: bursts of requests wait there while a timer or a HTTP request runs. */
const socketBuffer = 4_194_304

const actions = { connect: 0, announce: 1, scrape: 2, error: 3 } as const

export class UdpFront {
  readonly counters: FrontCounters = { announces: 0, scrapes: 0, refused: 0 }
  readonly #core: TrackerCore
  readonly #ids: ConnectionIds
  readonly #listening: { readonly socket: Socket; readonly replies: UdpReplies }[] = []

  constructor(core: TrackerCore, ids: ConnectionIds) {
    this.#core = core
    this.#ids = ids
  }

  /** Resolves with the port. Rejects with the system's error. */
  listen(host: string, port: number, ipv6Only: boolean): Promise<number> {
    const family = host.includes(':') ? 6 : 4
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ...(family === 6 && { ipv6Only }),
      // Replies go to literals: no name look-up between them and the wire.
      lookup: (literal, _options, callback) => callback(null, literal, family),
    })
    const replies = new UdpReplies({
      socket,
      onDropped: () => this.#ignore(),
      onError: (cause) => this.#report(cause),
    })
    socket.on('message', (packet, remote) => this.#receive(replies, packet, remote))
    return new Promise((resolve, reject) => {
      const onError = (error: Error) => {
        socket.close()
        reject(error)
      }
      socket.once('error', onError)
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.off('error', onError)
        socket.on('error', (cause) => this.#report(cause))
        enlargeBuffers(socket)
        this.#listening.push({ socket, replies })
        resolve(socket.address().port)
      })
    })
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#listening.splice(0).map(({ socket, replies }) => {
        replies.close()
        return new Promise<void>((resolve) => socket.close(() => resolve()))
      }),
    )
  }

  #receive(replies: UdpReplies, packet: Uint8Array, remote: RemoteInfo): void {
    try {
      const address = addressBytes(remote.address)
      if (address === undefined || packet.length < CONNECT_LENGTH || remote.port === 0) return this.#ignore()
      const reply = this.#answer(packet, address, remote)
      if (reply === undefined) return this.#ignore()
      replies.add(reply, remote)
    } catch (cause) {
      // Nothing above throws by design; `allow` is the operator's code.
      this.#report(cause)
    }
  }

  #ignore(): void {
    this.counters.refused += 1
  }

  #answer(packet: Uint8Array, address: Uint8Array, remote: RemoteInfo): Uint8Array | undefined {
    const action = readUint32(packet, 8)
    if (action === actions.connect) return this.#connect(packet, address)
    if (action !== actions.announce && action !== actions.scrape) return undefined
    if (!this.#ids.accepts(address, packet, 0)) {
      // Smaller than the smallest request of its kind, and useful: a client connects anew at once.
      return packet.length < SCRAPE_LENGTH ? undefined : this.#error(packet, 'connection id expired')
    }
    return action === actions.announce ? this.#announce(packet, address, remote) : this.#scrape(packet, remote)
  }

  #connect(packet: Uint8Array, address: Uint8Array): Uint8Array | undefined {
    if (!isConnect(packet)) return undefined
    const reply = begin(16, actions.connect, packet)
    this.#ids.write(address, reply, 8)
    return reply
  }

  #announce(packet: Uint8Array, address: Uint8Array, remote: RemoteInfo): Uint8Array {
    const asked = readAnnounce(packet)
    if (asked === undefined) return this.#error(packet, 'malformed announce')
    const { settings } = this.#core
    if (!isAllowed(this.#core, asked.infoHash, { target: asked.urlData, host: remote.address })) {
      return this.#error(packet, 'torrent not allowed')
    }
    const claimed = settings.trustIp ? asked.claimedIp : undefined
    const peer = { key: compactKey(claimed ?? address, asked.port), peerId: asked.peerId, seed: asked.seed }
    const swarm = record(this.#core, asked.infoHash, peer, asked.event)
    if (swarm === 'full') return this.#error(packet, 'the tracker is full')
    this.counters.announces += 1
    // The form of the peers follows the family of the packet, whatever address was claimed.
    const family = address.length === 4 ? 4 : 6
    const peers = swarm === 'empty' || asked.event === 'stopped' ? 0 : swarm.seeders + swarm.leechers
    const entry = family === 4 ? 6 : 18
    const room = Math.floor((MAX_PACKET - 20) / entry)
    const wanted = Math.min(asked.numWant ?? DEFAULT_NUM_WANT, settings.maxPeers, room, peers)
    const target = { bytes: begin(20 + wanted * entry, actions.announce, packet), offset: 20, withPeerIds: false }
    writeUint32(target.bytes, 8, Math.round(settings.interval / 1000))
    writeUint32(target.bytes, 12, swarm === 'empty' ? 0 : swarm.leechers)
    writeUint32(target.bytes, 16, swarm === 'empty' ? 0 : swarm.seeders)
    if (swarm !== 'empty' && wanted > 0) swarm.sample(peer, family, wanted, settings.random, target)
    return target.bytes.subarray(0, target.offset)
  }

  #scrape(packet: Uint8Array, remote: RemoteInfo): Uint8Array {
    const hashes = readScrape(packet, maxScrape)
    if (hashes === undefined) return this.#error(packet, 'malformed scrape')
    const reply = begin(8 + 12 * hashes.length, actions.scrape, packet)
    for (const [index, infoHash] of hashes.entries()) {
      const allowed = isAllowed(this.#core, infoHash, { target: '', host: remote.address })
      const swarm = allowed ? this.#core.store.find(infoHash) : undefined
      writeUint32(reply, 8 + 12 * index, swarm?.seeders ?? 0)
      writeUint32(reply, 12 + 12 * index, swarm?.downloaded ?? 0)
      writeUint32(reply, 16 + 12 * index, swarm?.leechers ?? 0)
    }
    this.counters.scrapes += 1
    return reply
  }

  #error(request: Uint8Array, message: string): Uint8Array {
    this.counters.refused += 1
    const text = fromUtf8(message)
    const reply = begin(8 + text.length, actions.error, request)
    reply.set(text, 8)
    return reply
  }

  #report(cause: unknown): void {
    this.#core.hub.emit({ type: 'error', error: new SourceError('TRACKER_SERVER', 'the UDP server failed', { cause }) })
  }
}

/** A reply of its own (the system may still be sending the last one), with the action and the request's transaction id. */
function begin(length: number, action: number, request: Uint8Array): Uint8Array {
  const reply = Buffer.allocUnsafe(length)
  writeUint32(reply, 0, action)
  reply[4] = request[12] as number
  reply[5] = request[13] as number
  reply[6] = request[14] as number
  reply[7] = request[15] as number
  return reply
}

/** What the system allows; less is no fault. */
function enlargeBuffers(socket: Socket): void {
  try {
    socket.setRecvBufferSize(socketBuffer)
    socket.setSendBufferSize(socketBuffer)
  } catch {
    // Some sandboxes refuse; the default sizes work.
  }
}
