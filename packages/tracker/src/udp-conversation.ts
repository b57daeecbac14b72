// The shell of one `UdpExchange`: drives it by the clock, performs what it wants, and settles a promise once – with the reply,
// with the exchange's failure, or with the reason of the call's signal. Everything that it put into the shared channel is taken
// out again at that moment.

import { type Clock, type Drive, drive, type SourceError } from '@torrential/primitives'
import { printableText } from './printable-text.ts'
import type { TrackerCall } from './tracker-call.ts'
import type { ResolvedHost } from './tracker-client.ts'
import { trackerError, type Traffic } from './tracker-error.ts'
import type { UdpChannel } from './udp-channel.ts'
import { UdpExchange, type UdpExchangeOutput, type UdpExchangeParts } from './udp-exchange.ts'

/** What is asked: the part of an exchange that depends on the request. */
export type UdpQuestion = Pick<UdpExchangeParts, 'action' | 'request' | 'replyLength'>

export interface UdpAnswer {
  readonly packet: Uint8Array
  readonly traffic: Traffic
}

export interface UdpConversationParts {
  readonly url: URL
  readonly address: ResolvedHost
  readonly port: number
  readonly question: UdpQuestion
  readonly call: TrackerCall
  readonly channel: UdpChannel
  readonly clock: Clock
}

export class UdpConversation {
  readonly #parts: UdpConversationParts
  readonly #exchange: UdpExchange
  readonly #traffic = { bytesSent: 0, bytesReceived: 0 }
  readonly #transactionIds: number[] = []
  readonly #onAbort = () => this.#settle(() => this.#reject(this.#parts.call.signal.reason))
  #running: Drive | undefined
  #resolve: (answer: UdpAnswer) => void = () => {}
  #reject: (reason: unknown) => void = () => {}

  constructor(parts: UdpConversationParts) {
    const { question, clock, channel, address, port } = parts
    this.#parts = parts
    this.#exchange = new UdpExchange({
      ...question,
      now: clock.now(),
      newTransactionId: () => channel.newTransactionId(),
      known: channel.connection(address.host, port),
    })
  }

  /** @throws SourceError `TRACKER_UNREACHABLE`, `TRACKER_TIMEOUT`, `TRACKER_REPLY`, `TRACKER_FAILURE`; the call's reason */
  run(): Promise<UdpAnswer> {
    const { call, clock } = this.#parts
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      if (call.signal.aborted) return this.#onAbort()
      call.signal.addEventListener('abort', this.#onAbort, { once: true })
      this.#running = drive(this.#exchange, clock, (output) => this.#perform(output))
    })
  }

  /** A packet under one of our transaction ids: ignored unless it comes from whom we asked. */
  received(packet: Uint8Array, host: string, port: number): void {
    const { address, call, clock } = this.#parts
    if (port !== this.#parts.port || host !== address.host) return
    this.#traffic.bytesReceived += packet.length
    call.traffic.bytesReceived += packet.length
    this.#exchange.received(packet, clock.now())
    this.#running?.pump()
  }

  #perform(output: UdpExchangeOutput): void {
    const { address, port, channel } = this.#parts
    switch (output.type) {
      case 'send':
        return this.#send(output.packet, output.transactionId)
      case 'connected':
        return channel.remember(address.host, port, output.connection)
      case 'forget':
        return channel.forget(address.host, port)
      case 'done':
        return this.#settle(() => this.#resolve({ packet: output.packet, traffic: this.#traffic }))
      case 'failed':
        return this.#settle(() => this.#reject(this.#failure(output)))
      default:
        return output satisfies never
    }
  }

  #send(packet: Uint8Array, transactionId: number): void {
    const { url, address, port, call, channel } = this.#parts
    this.#traffic.bytesSent += packet.length
    call.traffic.bytesSent += packet.length
    this.#transactionIds.push(transactionId)
    channel.expect(transactionId, this)
    channel.send(packet, address, port).catch((cause: unknown) => {
      const details = { ...this.#traffic, cause }
      this.#settle(() => this.#reject(trackerError('TRACKER_UNREACHABLE', url, 'the packet cannot be sent', details)))
    })
  }

  #settle(finish: () => void): void {
    this.#running?.[Symbol.dispose]()
    this.#parts.call.signal.removeEventListener('abort', this.#onAbort)
    for (const transactionId of this.#transactionIds) this.#parts.channel.expectNoMore(transactionId)
    finish()
  }

  #failure({ reason, message }: UdpExchangeOutput & { readonly type: 'failed' }): SourceError {
    const { url } = this.#parts
    const text = printableText(message)
    if (reason === 'timeout') return trackerError('TRACKER_TIMEOUT', url, text, { ...this.#traffic })
    if (reason === 'reply') return trackerError('TRACKER_REPLY', url, text, { ...this.#traffic })
    return trackerError('TRACKER_FAILURE', url, text || 'no reason given', { ...this.#traffic, reason: text })
  }
}
