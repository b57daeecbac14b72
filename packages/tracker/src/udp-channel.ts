// What all UDP conversations of a client share: a socket for each family, the transaction ids that are waited for, and the
// connection ids that trackers gave out.
//
// Bounds: two sockets, opened when first needed and unref'd; at most 1,000 connection ids, the oldest goes first (each is good for
// 60 s only); one entry for each packet that conversations under way have sent.

import { type AddressFamily, peerAddress, type Random, readUint32 } from '@torrential/primitives'
import type { ResolvedHost } from './tracker-client.ts'
import type { UdpConversation } from './udp-conversation.ts'
import type { KnownConnection } from './udp-exchange.ts'
import { readHead } from './udp-packet.ts'
import { UdpSocket } from './udp-socket.ts'

/** Remembered connection ids: a session rarely knows more UDP trackers. */
const maxConnections = 1_000

export class UdpChannel {
  readonly #random: Random
  readonly #localHost: string | undefined
  readonly #sockets = new Map<AddressFamily, UdpSocket>()
  readonly #expected = new Map<number, UdpConversation>()
  readonly #connections = new Map<string, KnownConnection>()

  constructor(random: Random, localHost: string | undefined) {
    this.#random = random
    this.#localHost = localHost
  }

  /** Rejects with the system's error. */
  send(packet: Uint8Array, { host, family }: ResolvedHost, port: number): Promise<void> {
    let socket = this.#sockets.get(family)
    if (socket === undefined) {
      socket = new UdpSocket({
        family,
        localHost: this.#localHost,
        onPacket: (reply, from, fromPort) => this.#dispatch(reply, from, fromPort),
        // Conversations under way fail at their next send or time out; the next one gets a new socket.
        onError: () => this.#sockets.delete(family),
      })
      this.#sockets.set(family, socket)
    }
    return socket.send(packet, host, port)
  }

  /** Unsigned 32 random bits that nobody waits for. */
  newTransactionId(): number {
    for (;;) {
      const transactionId = readUint32(this.#random.bytes(4), 0)
      if (!this.#expected.has(transactionId)) return transactionId
    }
  }

  expect(transactionId: number, conversation: UdpConversation): void {
    this.#expected.set(transactionId, conversation)
  }

  expectNoMore(transactionId: number): void {
    this.#expected.delete(transactionId)
  }

  connection(host: string, port: number): KnownConnection | undefined {
    return this.#connections.get(`${host} ${port}`)
  }

  remember(host: string, port: number, connection: KnownConnection): void {
    const place = `${host} ${port}`
    this.#connections.delete(place)
    this.#connections.set(place, connection)
    const oldest = this.#connections.keys().next().value
    if (this.#connections.size > maxConnections && oldest !== undefined) this.#connections.delete(oldest)
  }

  forget(host: string, port: number): void {
    this.#connections.delete(`${host} ${port}`)
  }

  async close(): Promise<void> {
    const sockets = [...this.#sockets.values()]
    this.#sockets.clear()
    await Promise.all(sockets.map((socket) => socket.close()))
  }

  #dispatch(packet: Uint8Array, host: string, port: number): void {
    const head = readHead(packet)
    const conversation = head === undefined ? undefined : this.#expected.get(head.transactionId)
    conversation?.received(packet, canonical(host), port)
  }
}

/** Addresses are compared as text; the system may spell an IPv6 one in its own way. One with a zone stays as it is. */
function canonical(host: string): string {
  return host.includes('%') ? host : peerAddress(host, 0).host
}
