// Announce and scrape over UDP (BEP 15, 41): one conversation for each family that the tracker's name has, all over the client's
// one channel.

import type { Clock, InfoHash, Random } from '@torrential/primitives'
import { bothFamilies } from './both-families.ts'
import { mergeReplies } from './merge-replies.ts'
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
import { trackerError } from './tracker-error.ts'
import { parseTrackerUrl, schemeOf } from './tracker-url.ts'
import { UdpChannel } from './udp-channel.ts'
import { type UdpAnswer, UdpConversation, type UdpQuestion } from './udp-conversation.ts'
import {
  announcePacket,
  readAnnounceReply,
  readScrapeReply,
  scrapePacket,
  UDP_ACTION,
  UDP_SCRAPE_BATCH,
} from './udp-packet.ts'

export interface UdpTrackerOptions {
  /** Local IP address to call from; only trackers of its family are reached. */
  readonly localHost?: string
  readonly resolve?: HostResolver
  readonly guard?: TrackerGuard
}

export class UdpTracker implements TrackerClient {
  readonly #clock: Clock
  readonly #options: UdpTrackerOptions
  readonly #channel: UdpChannel
  readonly #calls = new Set<TrackerCall>()
  #closed: Promise<void> | undefined

  constructor(parts: { readonly clock: Clock; readonly random: Random }, options: UdpTrackerOptions = {}) {
    this.#clock = parts.clock
    this.#options = options
    this.#channel = new UdpChannel(parts.random, options.localHost)
  }

  /**
   * @throws SourceError `TRACKER_URL`, `TRACKER_BLOCKED`, `TRACKER_UNREACHABLE`, `TRACKER_TIMEOUT`, `TRACKER_REPLY`,
   * `TRACKER_FAILURE`, `TRACKER_CLOSED`; the signal's reason when aborted
   */
  announce(text: string, request: AnnounceRequest, options?: TrackerCallOptions): Promise<AnnounceReply> {
    return this.#call(text, options, async (url, addresses, call) => {
      const question: UdpQuestion = {
        action: UDP_ACTION.announce,
        request: (connectionId, transactionId) => announcePacket(connectionId, transactionId, request, urlDataOf(url)),
        replyLength: 20,
      }
      const replies = await bothFamilies(
        addresses.map(async (address) => {
          return announceReply(await this.#ask(url, address, question, call), address)
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
        const question: UdpQuestion = {
          action: UDP_ACTION.scrape,
          request: (connectionId, transactionId) => scrapePacket(connectionId, transactionId, batch),
          replyLength: 8 + 12 * batch.length,
        }
        const { packet } = await this.#ask(url, addresses[0] as ResolvedHost, question, call)
        results.push(...(readScrapeReply(packet, batch.length) ?? []))
      }
      return results
    })
  }

  /** Closes the sockets; calls under way fail with `TRACKER_CLOSED`. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      for (const call of this.#calls) call.fail(trackerError('TRACKER_CLOSED', 'client', 'the client is closed'))
      await this.#channel.close()
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

  #ask(url: URL, address: ResolvedHost, question: UdpQuestion, call: TrackerCall): Promise<UdpAnswer> {
    const parts = { url, address, port: Number(url.port), question, call, channel: this.#channel, clock: this.#clock }
    return new UdpConversation(parts).run()
  }
}

function announceReply({ packet, traffic }: UdpAnswer, { family }: ResolvedHost): AnnounceReply {
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
