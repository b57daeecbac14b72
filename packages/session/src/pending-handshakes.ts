// The incoming handshakes under way: bounded, and shared out fairly between hosts. Who opens connections and says nothing fills the
// places; when they are full, the host that has most of them gives up its oldest one. So a stranger with one connection gets in
// however many another one has, and only many hosts at once can shut others out, for as long as it takes a second to pass.

import type { Clock } from '@torrential/primitives'
import { PeerError } from '@torrential/primitives'

/** One handshake under way. */
export interface PendingHandshake {
  readonly host: string
  /** Fires when its place is needed. */
  readonly signal: AbortSignal
}

interface Entry extends PendingHandshake {
  readonly since: number
  readonly abort: AbortController
}

/** Milliseconds that a handshake has to itself when every host has only one: a round trip, wherever the peer is. */
const GRACE = 1_000

export class PendingHandshakes {
  readonly #limit: number
  readonly #clock: Clock
  /** Oldest first for each host. */
  readonly #byHost = new Map<string, Entry[]>()
  #count = 0

  constructor(limit: number, clock: Clock) {
    this.#limit = limit
    this.#clock = clock
  }

  get count(): number {
    return this.#count
  }

  /** A place for a connection from this host; undefined when all are taken by others who have as much right to them. */
  take(host: string): PendingHandshake | undefined {
    if (this.#count >= this.#limit && !this.#evict(host)) return undefined
    const abort = new AbortController()
    const entry: Entry = { host, since: this.#clock.now(), abort, signal: abort.signal }
    const entries = this.#byHost.get(host)
    if (entries === undefined) this.#byHost.set(host, [entry])
    else entries.push(entry)
    this.#count++
    return entry
  }

  /** It is over, well or not. Idempotent. */
  give({ host, signal }: PendingHandshake): void {
    const entries = this.#byHost.get(host)
    const at = entries?.findIndex((entry) => entry.signal === signal) ?? -1
    if (entries === undefined || at === -1) return
    entries.splice(at, 1)
    if (entries.length === 0) this.#byHost.delete(host)
    this.#count--
  }

  /** All are given up. */
  close(reason: PeerError): void {
    for (const entries of this.#byHost.values()) for (const { abort } of entries) abort.abort(reason)
    this.#byHost.clear()
    this.#count = 0
  }

  #evict(forHost: string): boolean {
    let victim: Entry | undefined
    let most = 0
    for (const entries of this.#byHost.values()) {
      const [oldest] = entries
      if (oldest === undefined || entries.length < most) continue
      if (entries.length === most && victim !== undefined && victim.since <= oldest.since) continue
      victim = oldest
      most = entries.length
    }
    if (victim === undefined) return false
    // The new one would only take the place of its like.
    const isOwn = victim.host === forHost || (this.#byHost.get(forHost)?.length ?? 0) >= most
    const hasHadItsTime = this.#clock.now() - victim.since >= GRACE
    if ((isOwn || most === 1) && !hasHadItsTime) return false
    this.give(victim)
    victim.abort.abort(new PeerError('HANDSHAKE_EVICTED', 'others waited for the place of this handshake'))
    return true
  }
}
