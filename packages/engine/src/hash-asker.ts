// Getting hashes of merkle trees from peers (BEP 52): whom to ask for which range, whom not to ask again, what an answer is worth.
// Plain records, no messages of its own: who owns it sends what `ask` gives and tells what came.
//
// A range is wanted until hashes came that prove themselves, so nothing depends on who sent them. Peers share the ranges evenly; one
// that was not answered for a while, when nothing else is left to ask, of a second one. Who rejects is not asked for the same
// range again for some time, and who rejects everything or does not answer is left alone: peers that joined by a magnet link
// themselves may have later what they lack now. An answer that does not prove itself is a lie, whoever else helped: there is
// nothing between the request and it.

import type { HashRange } from '@torrential/metainfo'
import { LazyMap, LazySet, type PeerKey, toLatin1 } from '@torrential/primitives'
import type { HashRequestMessage } from '@torrential/protocol'

/** A range of hashes that is wanted. */
export interface HashWant {
  /** 32 bytes */
  readonly piecesRoot: Uint8Array
  readonly range: HashRange
  /** Takes hashes for the range; false when they do not prove themselves. */
  readonly accept: (hashes: Uint8Array) => boolean
}

/** What an answer was: wanted and right, a lie, in answer to a request that is no longer needed, or to none. */
export type HashAnswer = 'right' | 'wrong' | 'late' | 'unasked'

/** The fields that the three messages have in common. */
export type HashFields = Omit<HashRequestMessage, 'type'>

interface Open {
  readonly id: string
  readonly want: HashWant
  readonly askedAt: Map<PeerKey, number>
  /** Not to be asked for it before. */
  readonly refusedUntil: Map<PeerKey, number>
}

interface Asked {
  /** Range id to the time of asking. */
  readonly asked: Map<string, number>
  /** Requests given up; their answer is still welcome. */
  readonly late: Set<string>
  /** Hashes on their way. */
  hashes: number
  pausedUntil: number
  rejects: number
  timeouts: number
}

/** Requests outstanding at one peer: a torrent of many small files needs many of few hashes, and one a round trip takes long … */
const MOST_REQUESTS = 200
/** … and a large file few of many: 256 KiB on their way. */
const MOST_HASHES = 8_192
/** Milliseconds after which a range may be asked of somebody else, if nothing is left that nobody was asked for. */
const SPARE_AFTER = 2_000
/** Peers that may be asked for one range at a time. */
const MOST_ASKED = 2
/** Milliseconds until a request counts as not answered. */
const TIMEOUT = 10_000
/** Milliseconds for which a rejected range is not asked of the peer again. */
const REFUSED = 30_000
/** Milliseconds for which a peer is left alone … */
const PAUSE = 20_000
/** … that rejected so many requests, or did not answer so many seconds, with no answer between. */
const MOST_REJECTS = 8
const MOST_TIMEOUTS = 2
/** Requests of a peer that were given up and are remembered. */
const MOST_LATE = 256

export class HashAsker {
  readonly #open = new LazyMap<string, Open>()
  /** Wanted, and asked of nobody. */
  readonly #idle = new LazySet<Open>()
  readonly #peers = new LazyMap<PeerKey, Asked>()

  /** Nothing is wanted. */
  get isIdle(): boolean {
    return this.#open.size === 0
  }

  /** Wanting a range twice changes nothing. */
  want(want: HashWant): void {
    const id = idOf({ piecesRoot: want.piecesRoot, ...want.range })
    if (this.#open.has(id)) return
    const open: Open = { id, want, askedAt: new Map(), refusedUntil: new Map() }
    this.#open.set(id, open)
    this.#idle.add(open)
  }

  /** The range is not wanted any more. */
  drop(want: Pick<HashWant, 'piecesRoot' | 'range'>): void {
    const open = this.#open.get(idOf({ piecesRoot: want.piecesRoot, ...want.range }))
    if (open !== undefined) this.#close(open)
  }

  join(peer: PeerKey): void {
    this.#peers.set(peer, { asked: new Map(), late: new Set(), hashes: 0, pausedUntil: 0, rejects: 0, timeouts: 0 })
  }

  leave(peer: PeerKey): void {
    const asked = this.#peers.get(peer)
    if (asked === undefined) return
    for (const id of Array.from(asked.asked.keys())) this.#release(peer, asked, id)
    this.#peers.delete(peer)
    for (const open of this.#open.values()) open.refusedUntil.delete(peer)
  }

  /** True while somebody may still answer for the range. */
  canHope(want: Pick<HashWant, 'piecesRoot' | 'range'>, now: number): boolean {
    const open = this.#open.get(idOf({ piecesRoot: want.piecesRoot, ...want.range }))
    if (open !== undefined && open.askedAt.size > 0) return true
    for (const [peer, { pausedUntil }] of this.#peers) {
      if (pausedUntil <= now && (open?.refusedUntil.get(peer) ?? 0) <= now) return true
    }
    return false
  }

  /** What to ask a peer for now; it counts as asked. */
  ask(peer: PeerKey, now: number): HashRequestMessage[] {
    const asked = this.#peers.get(peer)
    if (asked === undefined || asked.pausedUntil > now || this.#open.size === 0) return []
    const requests: HashRequestMessage[] = []
    const most = Math.min(MOST_REQUESTS, Math.ceil(this.#open.size / this.#peers.size))
    const take = (open: Open) => {
      const isRefused = (open.refusedUntil.get(peer) ?? 0) > now
      if (isRefused || open.askedAt.has(peer) || asked.hashes + open.want.range.length > MOST_HASHES) return
      this.#idle.delete(open)
      open.askedAt.set(peer, now)
      asked.asked.set(open.id, now)
      asked.hashes += open.want.range.length
      requests.push({ type: 'hash-request', piecesRoot: open.want.piecesRoot, ...open.want.range })
    }
    for (const open of this.#idle) {
      if (asked.asked.size >= most) return requests
      take(open)
    }
    if (this.#idle.size > 0) return requests
    for (const open of this.#open.values()) {
      if (asked.asked.size >= MOST_REQUESTS) return requests
      if (open.askedAt.size < MOST_ASKED && isOverdue(open, now)) take(open)
    }
    return requests
  }

  /** `hashes` came from the peer. */
  answer(peer: PeerKey, fields: HashFields, hashes: Uint8Array): HashAnswer {
    const id = idOf(fields)
    const asked = this.#peers.get(peer)
    if (asked === undefined || !(asked.asked.has(id) || asked.late.delete(id))) return 'unasked'
    asked.rejects = 0
    asked.timeouts = 0
    this.#release(peer, asked, id)
    const open = this.#open.get(id)
    if (open === undefined) return 'late'
    if (!open.want.accept(hashes)) return 'wrong'
    this.#close(open)
    return 'right'
  }

  /** The peer rejected a request. False when it was not asked. */
  reject(peer: PeerKey, fields: HashFields, now: number): boolean {
    const id = idOf(fields)
    const asked = this.#peers.get(peer)
    if (asked === undefined || !(asked.asked.has(id) || asked.late.delete(id))) return false
    this.#release(peer, asked, id)
    this.#open.get(id)?.refusedUntil.set(peer, now + REFUSED)
    asked.rejects++
    if (asked.rejects >= MOST_REJECTS) pause(asked, now)
    return true
  }

  /** Gives up requests that were not answered; to be called about once a second. */
  expire(now: number): void {
    for (const [peer, asked] of this.#peers) {
      let isSilent = false
      for (const [id, at] of Array.from(asked.asked)) {
        if (now - at < TIMEOUT) continue
        this.#release(peer, asked, id)
        if (asked.late.size < MOST_LATE) asked.late.add(id)
        // Somebody else comes first now, if there is anybody.
        this.#open.get(id)?.refusedUntil.set(peer, now + TIMEOUT)
        isSilent = true
      }
      if (isSilent) asked.timeouts++
      if (asked.timeouts >= MOST_TIMEOUTS) pause(asked, now)
    }
  }

  #release(peer: PeerKey, asked: Asked, id: string): void {
    const open = this.#open.get(id)
    if (asked.asked.delete(id)) asked.hashes -= lengthIn(id)
    if (open === undefined) return
    open.askedAt.delete(peer)
    if (open.askedAt.size === 0) this.#idle.add(open)
  }

  #close(open: Open): void {
    this.#open.delete(open.id)
    this.#idle.delete(open)
  }
}

function idOf({ piecesRoot, baseLayer, index, length, proofLayers }: HashFields): string {
  return `${length} ${baseLayer} ${index} ${proofLayers} ${toLatin1(piecesRoot)}`
}

/** The number of hashes that an id asks for. */
function lengthIn(id: string): number {
  return Number.parseInt(id, 10)
}

function isOverdue(open: Open, now: number): boolean {
  for (const at of open.askedAt.values()) if (now - at < SPARE_AFTER) return false
  return true
}

function pause(asked: Asked, now: number): void {
  asked.pausedUntil = now + PAUSE
  asked.rejects = 0
  asked.timeouts = 0
}
