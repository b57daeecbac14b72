// Announce and scrape over UDP (BEP 15, 41). Each call is one `UdpExchange` per family, driven by the client's clock; packets
// find their exchange by transaction id, and must come from the address and port that were asked.
//
// Bounds: one socket per family, closed with the client; at most 1,000 remembered connection ids, each for 60 s.

import { type Clock, drive, type InfoHash, peerAddress, type Random, readUint32 } from '@torrential/primitives'
import { bothFamilies } from './both-families.ts'
import { mergeReplies } from './merge-replies.ts'
import { printableText } from './printable-text.ts'
import { compactPeers } from './reply-peers.ts'
import { resolveTracker } from './resolve-host.ts'
import { TrackerCall } from './tracker-call.ts'
import type {
  AnnounceReply,
  AnnounceRequest,
  HostResolver,
  ResolvedHost,
  ScrapeResult,
  TrackerCallOptions,
  TrackerClient,
  TrackerGuard,
} from './tracker-client.ts'
import { trackerError, type Traffic } from './tracker-error.ts'
import { parseTrackerUrl, schemeOf } from './tracker-url.ts'
import { type KnownConnection, UdpExchange, type UdpExchangeOutput, type UdpExchangeParts } from './udp-exchange.ts'
import {
  announcePacket,
  readAnnounceReply,
  readHead,
  readScrapeReply,
  scrapePacket,
  UDP_ACTION,
  UDP_SCRAPE_BATCH,
} from './udp-packet.ts'
import { UdpSocket } from './udp-socket.ts'

/** Remembered connection ids: a session rarely knows more UDP trackers. */
const maxConnections = 1_000

export interface UdpTrackerOptions {
  /** Local IP address to call from; only trackers of its family are reached. */
  readonly localHost?: string
  readonly resolve?: HostResolver
  readonly guard?: TrackerGuard
}

interface Pending {
  readonly host: string
  readonly port: number
  received(packet: Uint8Array): void
}

type Asking = Pick<UdpExchangeParts, 'action' | 'request' | 'replyLength'>

export class UdpTracker implements TrackerClient {
  readonly #clock: Clock
  readonly #random: Random
  readonly #options: UdpTrackerOptions
  readonly #sockets = new Map<4 | 6, UdpSocket>()
  readonly #pending = new Map<number, Pending>()
  readonly #connections = new Map<string, KnownConnection>()
  readonly #calls = new Set<TrackerCall>()
  #closed: Promise<void> | undefined

  constructor(parts: { readonly clock: Clock; readonly random: Random }, options: UdpTrackerOptions = {}) {
    this.#clock = parts.clock
    this.#random = parts.random
    this.#options = options
  }

  /**
   * @throws SourceError `TRACKER_URL`, `TRACKER_BLOCKED`, `TRACKER_UNREACHABLE`, `TRACKER_TIMEOUT`, `TRACKER_REPLY`,
   * `TRACKER_FAILURE`, `TRACKER_CLOSED`; the signal's reason when aborted
   */
  announce(text: string, request: AnnounceRequest, options?: TrackerCallOptions): Promise<AnnounceReply> {
    return this.#call(text, options, async (url, addresses, call) => {
      const asking: Asking = {
        action: UDP_ACTION.announce,
        request: (connectionId, transactionId) => announcePacket(connectionId, transactionId, request, urlDataOf(url)),
        replyLength: 20,
      }
      const replies = await bothFamilies(
        addresses.map(async (address) => {
          const { packet, traffic } = await this.#exchange(url, address, asking, call)
          return announceReply(packet, address, traffic)
        }),
        this.#clock,
      )
      return mergeReplies(replies)
    })
  }

  /** 74 infohashes for each packet. @throws as `announce` */
  scrape(
    text: string,
    infoHashes: readonly InfoHash[],
    options?: TrackerCallOptions,
  ): Promise<readonly (ScrapeResult | undefined)[]> {
    return this.#call(text, options, async (url, addresses, call) => {
      const results: ScrapeResult[] = []
      for (let at = 0; at < infoHashes.length; at += UDP_SCRAPE_BATCH) {
        const batch = infoHashes.slice(at, at + UDP_SCRAPE_BATCH)
        const asking: Asking = {
          action: UDP_ACTION.scrape,
          request: (connectionId, transactionId) => scrapePacket(connectionId, transactionId, batch),
          replyLength: 8 + 12 * batch.length,
        }
        const { packet } = await this.#exchange(url, addresses[0] as ResolvedHost, asking, call)
        results.push(...(readScrapeReply(packet, batch.length) ?? []))
      }
      return results
    })
  }

  /** Closes the sockets; calls under way fail with `TRACKER_CLOSED`. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      for (const call of this.#calls) call.fail(trackerError('TRACKER_CLOSED', 'client', 'the client is closed'))
      await Promise.all([...this.#sockets.values()].map((socket) => socket.close()))
      this.#sockets.clear()
    })()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #call<Result>(
    text: string,
    options: TrackerCallOptions | undefined,
    perform: (url: URL, addresses: ResolvedHost[], call: TrackerCall) => Promise<Result>,
  ): Promise<Result> {
    const url = parseTrackerUrl(text)
    if (url === undefined || schemeOf(url) !== 'udp') throw trackerError('TRACKER_URL', 'invalid', 'not a UDP tracker')
    if (this.#closed !== undefined) throw trackerError('TRACKER_CLOSED', url, 'the client is closed')
    const call = new TrackerCall(url, this.#clock, options)
    this.#calls.add(call)
    try {
      return await perform(url, await resolveTracker(url, this.#options, call.signal), call)
    } finally {
      this.#calls.delete(call)
      call[Symbol.dispose]()
    }
  }

  /** Shell of one exchange: performs what it wants until it is over or the call is. */
  #exchange(
    url: URL,
    address: ResolvedHost,
    asking: Asking,
    call: TrackerCall,
  ): Promise<{ packet: Uint8Array; traffic: Traffic }> {
    const port = Number(url.port)
    const place = `${address.host} ${port}`
    const { signal } = call
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error)
      const traffic = { bytesSent: 0, bytesReceived: 0 }
      const used: number[] = []
      const exchange = new UdpExchange({
        ...asking,
        now: this.#clock.now(),
        newTransactionId: () => this.#newTransactionId(),
        known: this.#connections.get(place),
      })
      const pending: Pending = {
        host: address.host,
        port,
        received: (packet) => {
          traffic.bytesReceived += packet.length
          call.traffic.bytesReceived += packet.length
          exchange.received(packet, this.#clock.now())
          running.pump()
        },
      }
      const settle = (finish: () => void) => {
        running[Symbol.dispose]()
        signal.removeEventListener('abort', onAbort)
        for (const transactionId of used) this.#pending.delete(transactionId)
        finish()
      }
      const onAbort = () => settle(() => reject(signal.reason as Error))
      signal.addEventListener('abort', onAbort, { once: true })
      const perform = (output: UdpExchangeOutput) => {
        switch (output.type) {
          case 'send': {
            traffic.bytesSent += output.packet.length
            call.traffic.bytesSent += output.packet.length
            used.push(output.transactionId)
            this.#pending.set(output.transactionId, pending)
            this.#socket(address.family)
              .send(output.packet, address.host, port)
              .catch((cause: unknown) => settle(() => reject(unreachable(url, cause, traffic))))
            return
          }
          case 'connected':
            return this.#remember(place, output.connection)
          case 'forget':
            return void this.#connections.delete(place)
          case 'done':
            return settle(() => resolve({ packet: output.packet, traffic }))
          case 'failed':
            return settle(() => reject(failed(url, output, traffic)))
          default:
            output satisfies never
        }
      }
      const running = drive(exchange, this.#clock, perform)
    })
  }

  #socket(family: 4 | 6): UdpSocket {
    const open = this.#sockets.get(family)
    if (open !== undefined) return open
    const socket = new UdpSocket({
      family,
      localHost: this.#options.localHost,
      onPacket: (packet, host, port) => this.#dispatch(packet, host, port),
      // Exchanges under way time out or fail at their next send; the next one gets a new socket.
      onError: () => this.#sockets.delete(family),
    })
    this.#sockets.set(family, socket)
    return socket
  }

  #dispatch(packet: Uint8Array, host: string, port: number): void {
    const head = readHead(packet)
    const pending = head === undefined ? undefined : this.#pending.get(head.transactionId)
    if (pending === undefined || pending.port !== port || !sameHost(pending.host, host)) return
    pending.received(packet)
  }

  #newTransactionId(): number {
    for (;;) {
      const transactionId = readUint32(this.#random.bytes(4), 0)
      if (!this.#pending.has(transactionId)) return transactionId
    }
  }

  #remember(place: string, connection: KnownConnection): void {
    this.#connections.delete(place)
    this.#connections.set(place, connection)
    const oldest = this.#connections.keys().next().value
    if (this.#connections.size > maxConnections && oldest !== undefined) this.#connections.delete(oldest)
  }
}

function announceReply(packet: Uint8Array, { family }: ResolvedHost, traffic: Traffic): AnnounceReply {
  // The exchange has checked the length.
  const figures = readAnnounceReply(packet, family)
  return {
    interval: (figures?.interval ?? 0) * 1000,
    seeders: figures?.seeders ?? 0,
    leechers: figures?.leechers ?? 0,
    peers: figures === undefined ? [] : compactPeers(figures.peers, family),
    ...traffic,
  }
}

/** BEP 41: what follows the host; a bare `/` says nothing. */
function urlDataOf(url: URL): string {
  const data = url.pathname + url.search
  return data === '/' ? '' : data
}

function sameHost(expected: string, seen: string): boolean {
  if (expected === seen) return true
  if (seen.includes('%') || expected.includes('%')) return false
  return peerAddress(seen, 0).host === expected
}

function unreachable(url: URL, cause: unknown, traffic: Traffic) {
  return trackerError('TRACKER_UNREACHABLE', url, 'the packet cannot be sent', { ...traffic, cause })
}

function failed(url: URL, { reason, message }: UdpExchangeOutput & { type: 'failed' }, traffic: Traffic) {
  const text = printableText(message)
  if (reason === 'timeout') return trackerError('TRACKER_TIMEOUT', url, text, { ...traffic })
  if (reason === 'reply') return trackerError('TRACKER_REPLY', url, text, { ...traffic })
  return trackerError('TRACKER_FAILURE', url, text || 'no reason given', { ...traffic, reason: text })
}
