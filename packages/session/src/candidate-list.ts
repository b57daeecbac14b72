// The addresses a torrent knows and has not connected to yet. Bounded (3,000 by default: a hostile tracker or a busy swarm
// must not fill the memory), free of duplicates, and patient: an address that failed waits longer each time and is forgotten
// after six failures, unless the user named it. When the list is full, what failed or is forbidden gives way to what is new. Pure: time is
// an argument.

import type { PeerCandidate, PeerOrigin } from '@torrential/contracts'
import { LazyMap, LazySet, formatAddress, type InfoHash, type PeerAddress } from '@torrential/primitives'

interface Known {
  readonly address: PeerAddress
  readonly origin: PeerOrigin
  /** By which it was found; undefined for one that is not of a swarm, such as the user's. */
  name: InfoHash | undefined
  state: 'ready' | 'dialing' | 'connected' | 'waiting'
  /** It waits because we need nothing of it. */
  isUseless: boolean
  fails: number
  retryAt: number
}

const firstRetry = 2_000
const afterOffence = 5 * 60_000
const longestRetry = 10 * 60_000
const mostFails = 6

export class CandidateList {
  readonly #known = new LazyMap<string, Known>()
  readonly #limit: number
  /** The line of those that may be dialed, and how many of them have not failed yet. */
  readonly #ready: Known[] = []
  #fresh = 0
  readonly #waiting = new LazySet<Known>()
  /** When the first of those that wait may be tried again; undefined after that one has gone. */
  #firstRetryAt: number | undefined = Number.POSITIVE_INFINITY

  constructor(limit = 3_000) {
    this.#limit = limit
  }

  get size(): number {
    return this.#known.size
  }

  /** True when the address was new and there was room. `name` is that of the swarm in which it was found. */
  add(candidate: PeerCandidate, name?: InfoHash): boolean {
    const key = formatAddress(candidate.address)
    const known = this.#known.get(key)
    if (known !== undefined) {
      // The user asks again: forget past failures.
      if (candidate.origin === 'user' && known.state === 'waiting') this.#makeReady(known)
      return false
    }
    // The limit is against strangers; what the user names is the user's.
    if (candidate.address.port === 0) return false
    if (this.#known.size >= this.#limit && candidate.origin !== 'user' && !this.#forget()) return false
    const fresh = this.#learn(key, candidate, 'ready', name)
    this.#lineUp(fresh, candidate.origin === 'user' ? this.#placeOfUser() : this.#ready.length)
    return true
  }

  /** What the user named goes before all others, in the user's order. */
  #placeOfUser(): number {
    const at = this.#ready.findIndex(({ origin, fails }) => origin !== 'user' || fails > 0)
    return at < 0 ? this.#ready.length : at
  }

  /** A peer that connected to us told where it listens: no need to dial it while it is connected. */
  adopt(address: PeerAddress): void {
    const key = formatAddress(address)
    const known = this.#known.get(key)
    if (known === undefined) {
      if (this.#known.size < this.#limit && address.port > 0)
        this.#learn(key, { address, origin: 'incoming' }, 'connected')
      return
    }
    if (known.state === 'dialing') return
    this.#leaveLine(known)
    this.#waitNoMore(known)
    known.state = 'connected'
  }

  /** Takes the next address to dial; answer with `connected` or `failed`. */
  next(now: number): PeerAddress | undefined {
    if (this.#nextRetryAt <= now) {
      for (const known of this.#waiting) if (known.retryAt <= now) this.#makeReady(known)
    }
    const known = this.#ready[0]
    if (known === undefined) return undefined
    this.#leaveLine(known)
    return known.address
  }

  /** The name of the torrent by which the address is dialed. */
  nameOf(address: PeerAddress): InfoHash | undefined {
    return this.#known.get(formatAddress(address))?.name
  }

  /** It did not know the torrent by the name before. */
  rename(address: PeerAddress, name: InfoHash): void {
    const known = this.#known.get(formatAddress(address))
    if (known !== undefined) known.name = name
  }

  connected(address: PeerAddress): void {
    const known = this.#known.get(formatAddress(address))
    if (known === undefined) return
    this.#leaveLine(known)
    this.#waitNoMore(known)
    known.state = 'connected'
  }

  /** The dial or the handshake failed, or the connection did not last. */
  failed(address: PeerAddress, now: number): void {
    this.#setBack(address, now, firstRetry)
  }

  /** It broke the rules, or was of no use: longer each time before it is tried again, and whoever is new comes before it. */
  offended(address: PeerAddress, now: number): void {
    this.#setBack(address, now, afterOffence)
  }

  /** The connection is over without fault: `again` ms later it may be tried again. */
  released(address: PeerAddress, now: number, again: number): void {
    const known = this.#known.get(formatAddress(address))
    if (known === undefined) return
    this.#leaveLine(known)
    known.fails = 0
    this.#wait(known, now + again)
  }

  /** It waits, and when it went we needed nothing of it: `reconsider` may bring it back earlier. */
  useless(address: PeerAddress): void {
    const known = this.#known.get(formatAddress(address))
    if (known?.state === 'waiting' && Number.isFinite(known.retryAt)) known.isUseless = true
  }

  /** We need something again: peers that were useless are worth a try now. True when there are any. */
  reconsider(): boolean {
    const before = this.#ready.length
    for (const known of this.#waiting) if (known.isUseless) this.#makeReady(known)
    return this.#ready.length > before
  }

  /** A taken address was not dialed after all. */
  putBack(address: PeerAddress): void {
    const known = this.#known.get(formatAddress(address))
    if (known !== undefined && known.state !== 'ready') this.#makeReady(known)
  }

  /** Never again, as for a ban or our own address; it stays known so that no source brings it back. */
  forbid(address: PeerAddress): void {
    const known = this.#known.get(formatAddress(address))
    if (known === undefined) return
    this.#wait(known, Number.POSITIVE_INFINITY)
    known.isUseless = false
  }

  /** An address waits that has not failed yet. */
  get hasFresh(): boolean {
    return this.#fresh > 0
  }

  /** When `next` will have something to give: 0 for now, Infinity for never. */
  get deadline(): number {
    return this.#ready.length > 0 ? 0 : this.#nextRetryAt
  }

  /** Looks at all that wait only after the first of them has gone: who asks at each connection that ends must not pay for all. */
  get #nextRetryAt(): number {
    if (this.#firstRetryAt !== undefined) return this.#firstRetryAt
    let first = Number.POSITIVE_INFINITY
    for (const known of this.#waiting) if (known.retryAt < first) first = known.retryAt
    this.#firstRetryAt = first
    return first
  }

  #learn(key: string, { address, origin }: PeerCandidate, state: 'ready' | 'connected', name?: InfoHash): Known {
    const fresh: Known = { address, origin, name, state, isUseless: false, fails: 0, retryAt: 0 }
    this.#known.set(key, fresh)
    return fresh
  }

  #setBack(address: PeerAddress, now: number, first: number): void {
    const known = this.#known.get(formatAddress(address))
    if (known === undefined) return
    this.#leaveLine(known)
    known.fails++
    if (known.fails >= mostFails && known.origin !== 'user') {
      this.#waitNoMore(known)
      this.#known.delete(formatAddress(address))
      return
    }
    this.#wait(known, now + Math.min(longestRetry, first * 2 ** (known.fails - 1)))
  }

  /** Forgets the least promising of those that wait, to make room for a new one. False when all are worth keeping. */
  #forget(): boolean {
    let worst: Known | undefined
    for (const known of this.#waiting) {
      if (known.origin === 'user' || (known.fails === 0 && Number.isFinite(known.retryAt))) continue
      if (worst === undefined || known.retryAt > worst.retryAt) worst = known
    }
    if (worst === undefined) return false
    this.#waitNoMore(worst)
    return this.#known.delete(formatAddress(worst.address))
  }

  #makeReady(known: Known): void {
    this.#waitNoMore(known)
    known.isUseless = false
    this.#lineUp(known, this.#ready.length)
  }

  #lineUp(known: Known, at: number): void {
    known.state = 'ready'
    if (at === this.#ready.length) this.#ready.push(known)
    else this.#ready.splice(at, 0, known)
    if (known.fails === 0) this.#fresh++
  }

  /** Only of one that is in the line anything changes, and before its failures do. */
  #leaveLine(known: Known): void {
    if (known.state !== 'ready') return
    if (this.#ready[0] === known) this.#ready.shift()
    else this.#ready.splice(this.#ready.indexOf(known), 1)
    if (known.fails === 0) this.#fresh--
    known.state = 'dialing'
  }

  #wait(known: Known, until: number): void {
    this.#leaveLine(known)
    this.#waitNoMore(known)
    known.state = 'waiting'
    known.retryAt = until
    this.#waiting.add(known)
    if (this.#firstRetryAt !== undefined && until < this.#firstRetryAt) this.#firstRetryAt = until
  }

  #waitNoMore(known: Known): void {
    if (this.#waiting.delete(known) && known.retryAt === this.#firstRetryAt) this.#firstRetryAt = undefined
  }
}
