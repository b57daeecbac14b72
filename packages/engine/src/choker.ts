// Whom to upload to. While downloading: those that give us most (tit-for-tat), plus one in five slots, at least one, for
// somebody new, longest waiting first, so that newcomers can show what they give. While seeding: everybody in turn
// (a turn lasts at least 20 pieces and a minute), or those that take fastest.
//
// Slots that are free are filled at once; rounds only decide between peers that compete.

import type { PeerKey } from '@torrential/primitives'
import type { SeedChoking } from './options.ts'

/** A turn as a seed's guest is over after both of these. */
const TURN_PIECES = 20
const TURN_MS = 60_000
const OPTIMISTIC_SHARE = 5

/** A peer as the choker sees it. */
export interface ChokeCandidate {
  readonly key: PeerKey
  readonly amChoking: boolean
  readonly peerInterested: boolean
  readonly isSnubbed: boolean
  readonly unchokedAt: number
  readonly chokedAt: number
  /** Bytes. */
  readonly uploadedSinceUnchoke: number
  readonly down: { rate(now: number): number }
  readonly up: { rate(now: number): number }
  /** Written by the choker. */
  isOptimistic: boolean
}

export interface ChokerRules {
  /** Infinity: everybody who is interested. */
  readonly slots: number
  readonly isSeeding: boolean
  readonly seedChoking: SeedChoking
  readonly optimisticInterval: number
  readonly pieceLength: number
}

export interface ChokeVerdict<Candidate> {
  readonly choke: readonly Candidate[]
  readonly unchoke: readonly Candidate[]
}

export class Choker<Candidate extends ChokeCandidate = ChokeCandidate> {
  #optimisticSince = Number.NEGATIVE_INFINITY

  /** Peers to unchoke now because slots are free, longest waiting first. */
  vacancies(peers: Iterable<Candidate>, rules: ChokerRules): readonly Candidate[] {
    let used = 0
    const waiting: Candidate[] = []
    for (const peer of peers) {
      if (!peer.peerInterested) continue
      if (peer.amChoking) waiting.push(peer)
      else used++
    }
    const free = rules.slots - used
    if (free <= 0 || waiting.length === 0) return []
    return waiting.sort(byWaiting).slice(0, Math.min(free, waiting.length))
  }

  /** A round: who is to be choked and who unchoked. Peers that are not interested lose their slot. */
  round(peers: Iterable<Candidate>, rules: ChokerRules, now: number): ChokeVerdict<Candidate> {
    const all = [...peers]
    const chosen = this.#choose(all, rules, now)
    for (const peer of all) if (!chosen.has(peer)) peer.isOptimistic = false
    return {
      choke: all.filter((peer) => !peer.amChoking && !chosen.has(peer)),
      unchoke: all.filter((peer) => peer.amChoking && chosen.has(peer)),
    }
  }

  #choose(all: readonly Candidate[], rules: ChokerRules, now: number): Set<Candidate> {
    const interested = all.filter((peer) => peer.peerInterested)
    if (interested.length <= rules.slots) {
      // Nobody competes: everybody gets a slot, and nobody is there by luck.
      for (const peer of interested) peer.isOptimistic = false
      return new Set(interested)
    }
    const lucky = optimisticSlots(rules.slots)
    const ranked = interested.sort(this.#order(rules, now))
    const earned = ranked.filter((peer) => rules.isSeeding || !peer.isSnubbed).slice(0, rules.slots - lucky)
    const chosen = new Set(earned)
    for (const peer of earned) peer.isOptimistic = false
    this.#addLucky(chosen, ranked, lucky, rules, now)
    // Snubbed peers do not earn a slot, but an empty slot helps nobody.
    for (const peer of ranked) if (chosen.size < rules.slots) chosen.add(peer)
    return chosen
  }

  #addLucky(
    chosen: Set<Candidate>,
    ranked: readonly Candidate[],
    slots: number,
    rules: ChokerRules,
    now: number,
  ): void {
    const isOver = now - this.#optimisticSince >= rules.optimisticInterval
    const rest = ranked.filter((peer) => !chosen.has(peer))
    const staying = isOver ? [] : rest.filter((peer) => peer.isOptimistic && !peer.amChoking).slice(0, slots)
    if (isOver) this.#optimisticSince = now
    const fresh = rest.filter((peer) => !staying.includes(peer)).sort(byWaiting)
    for (const peer of [...staying, ...fresh].slice(0, slots)) {
      peer.isOptimistic = true
      chosen.add(peer)
    }
  }

  #order(rules: ChokerRules, now: number): (a: Candidate, b: Candidate) => number {
    if (!rules.isSeeding) {
      return (a, b) =>
        b.down.rate(now) - a.down.rate(now) || Number(a.amChoking) - Number(b.amChoking) || byWaiting(a, b)
    }
    if (rules.seedChoking === 'fastest-upload') {
      return (a, b) => b.up.rate(now) - a.up.rate(now) || byWaiting(a, b)
    }
    const turn = (peer: Candidate): number => {
      if (peer.amChoking) return 1
      const isServed = peer.uploadedSinceUnchoke >= TURN_PIECES * rules.pieceLength && now - peer.unchokedAt >= TURN_MS
      return isServed ? 2 : 0
    }
    return (a, b) => turn(a) - turn(b) || byWaiting(a, b)
  }
}

function optimisticSlots(slots: number): number {
  return slots < 2 ? 0 : Math.max(1, Math.floor(slots / OPTIMISTIC_SHARE))
}

/** Longest choked first; among unchoked ones those that were choked longest ago. */
function byWaiting(a: ChokeCandidate, b: ChokeCandidate): number {
  return Number(b.amChoking) - Number(a.amChoking) || a.chokedAt - b.chokedAt || a.key - b.key
}
