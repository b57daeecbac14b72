// One BEP 15 conversation as a machine: connect if no fresh connection id is known, then the request, each repeated after
// 15·2^n seconds (n ≤ 8). It owns no socket and no timer; replies come in, packets to send come out.
//
// Invariant: only a reply with the transaction id of the step under way can move it. A wrong action or a short packet under the
// right id comes from the tracker itself (nobody else can guess 32 random bits), so it ends the exchange at once instead of
// costing a timeout. A tracker that forgot our connection id (restart) answers the request with an error: when the id came
// from the cache, the exchange connects anew, once, before it believes the error.

import type { Machine } from '@torrential/primitives'
import { connectPacket, readConnectionId, readErrorMessage, readHead, UDP_ACTION } from './udp-packet.ts'

/** Milliseconds before the first repetition (BEP 15). */
export const UDP_RETRY = 15_000
/** Doublings at most (BEP 15). */
export const UDP_RETRY_DOUBLINGS = 8
/** Milliseconds for which a connection id may be used (BEP 15). */
export const CONNECTION_LIFE = 60_000

export interface KnownConnection {
  /** 8 bytes. */
  readonly id: Uint8Array
  /** When it must no longer be used, on the exchange's clock. */
  readonly expires: number
}

export type UdpExchangeOutput =
  | { readonly type: 'send'; readonly packet: Uint8Array; readonly transactionId: number }
  /** Worth remembering for other exchanges with this address. */
  | { readonly type: 'connected'; readonly connection: KnownConnection }
  /** The remembered connection id is not accepted any more. */
  | { readonly type: 'forget' }
  | { readonly type: 'done'; readonly packet: Uint8Array }
  | { readonly type: 'failed'; readonly reason: 'reply' | 'failure' | 'timeout'; readonly message: string }

export interface UdpExchangeParts {
  readonly now: number
  /** `announce` or `scrape`: the action that the reply must have. */
  readonly action: number
  /** The packet of the request. */
  readonly request: (connectionId: Uint8Array, transactionId: number) => Uint8Array
  /** Bytes that a reply must have at least. */
  readonly replyLength: number
  /** Unsigned 32 random bits that no other exchange uses now. */
  readonly newTransactionId: () => number
  /** From an earlier exchange with the same address. */
  readonly known?: KnownConnection | undefined
}

export class UdpExchange implements Machine<UdpExchangeOutput> {
  readonly #parts: UdpExchangeParts
  readonly #outputs: UdpExchangeOutput[] = []
  #connection: KnownConnection | undefined
  #fromCache: boolean
  #step: 'connect' | 'request' | 'over' = 'connect'
  #transactionId = 0
  #doublings = 0
  #retryAt = Number.POSITIVE_INFINITY

  constructor(parts: UdpExchangeParts) {
    this.#parts = parts
    this.#connection = parts.known
    this.#fromCache = parts.known !== undefined
    this.#begin(parts.now)
  }

  get deadline(): number {
    return this.#retryAt
  }

  next(): UdpExchangeOutput | undefined {
    return this.#outputs.shift()
  }

  /** A packet from the tracker's address. Others' transaction ids are ignored. */
  received(packet: Uint8Array, now: number): void {
    const head = readHead(packet)
    if (this.#step === 'over' || head === undefined || head.transactionId !== this.#transactionId) return
    if (head.action === UDP_ACTION.error) this.#refused(packet, now)
    else if (this.#step === 'connect') this.#connected(head.action, packet, now)
    else if (head.action !== this.#parts.action) this.#fail('reply', `action ${head.action} in reply to a request`)
    else if (packet.length < this.#parts.replyLength) this.#fail('reply', `a reply of ${packet.length} bytes`)
    else this.#finish({ type: 'done', packet })
  }

  tick(now: number): void {
    if (now < this.#retryAt || this.#step === 'over') return
    if (this.#doublings === UDP_RETRY_DOUBLINGS) return this.#fail('timeout', 'no answer')
    this.#doublings += 1
    this.#begin(now)
  }

  /** The step that is due, under a new transaction id: a late answer to the old one is not mistaken for the new. */
  #begin(now: number): void {
    if (this.#connection !== undefined && this.#connection.expires <= now) this.#connection = undefined
    this.#step = this.#connection === undefined ? 'connect' : 'request'
    this.#transactionId = this.#parts.newTransactionId()
    this.#retryAt = now + UDP_RETRY * 2 ** this.#doublings
    const packet =
      this.#connection === undefined
        ? connectPacket(this.#transactionId)
        : this.#parts.request(this.#connection.id, this.#transactionId)
    this.#outputs.push({ type: 'send', packet, transactionId: this.#transactionId })
  }

  #connected(action: number, packet: Uint8Array, now: number): void {
    if (action !== UDP_ACTION.connect) return this.#fail('reply', `action ${action} in reply to a connect`)
    const id = readConnectionId(packet)
    if (id === undefined) return this.#fail('reply', `a connect reply of ${packet.length} bytes`)
    this.#connection = { id, expires: now + CONNECTION_LIFE }
    this.#fromCache = false
    this.#doublings = 0
    this.#outputs.push({ type: 'connected', connection: this.#connection })
    this.#begin(now)
  }

  #refused(packet: Uint8Array, now: number): void {
    if (this.#step !== 'request' || !this.#fromCache) return this.#fail('failure', readErrorMessage(packet))
    this.#fromCache = false
    this.#connection = undefined
    this.#outputs.push({ type: 'forget' })
    this.#begin(now)
  }

  #fail(reason: 'reply' | 'failure' | 'timeout', message: string): void {
    this.#finish({ type: 'failed', reason, message })
  }

  #finish(output: UdpExchangeOutput): void {
    this.#step = 'over'
    this.#retryAt = Number.POSITIVE_INFINITY
    this.#outputs.push(output)
  }
}
