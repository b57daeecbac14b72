// Whom to part from when all places are taken and others would like one: peers that are of no use, found by what they have done and not
// by what they claim. Nobody who sends or takes blocks is ever named, so an honest swarm keeps its connections.
//
// How long a peer may be of no use depends on what it shows. One that has not said a word since its handshake, and one that has
// unchoked us and does not send what we ask for, is done after seconds. One that wants nothing and has nothing has half a minute. One
// that merely chokes us may be the best seed of all with a long line before us: it has minutes.

import type { Peer } from './peer.ts'

const SPEECHLESS_MS = 2_000
/** Whoever has sent blocks before may be slow for once. */
const WITHHOLDING_MS = { before: 4_000, after: 10_000 }
const POINTLESS_MS = 30_000
const CHOKING_MS = 5 * 60_000

/**
 * The peers that are of no use, `most` of them: first those of the hosts which have most of them, then those that have been so for longest.
 * @param now milliseconds
 */
export function leastUseful(peers: Iterable<Peer>, now: number, most: number): Peer[] {
  const useless: Peer[] = []
  const byHost = new Map<string, number>()
  for (const peer of peers) {
    if (peer.isClosed || !isUseless(peer, now)) continue
    useless.push(peer)
    byHost.set(hostOf(peer), (byHost.get(hostOf(peer)) ?? 0) + 1)
  }
  const share = (peer: Peer) => byHost.get(hostOf(peer)) ?? 0
  return useless.toSorted((a, b) => share(b) - share(a) || a.usedAt - b.usedAt).slice(0, most)
}

function hostOf(peer: Peer): string {
  return peer.info.address.host
}

function isUseless(peer: Peer, now: number): boolean {
  const unused = now - peer.usedAt
  if (!peer.hasSpoken) return unused >= SPEECHLESS_MS
  if (isWithholding(peer, now)) return true
  if (!peer.amInterested && !peer.peerInterested) return unused >= POINTLESS_MS
  return unused >= CHOKING_MS
}

/** It may be asked, was asked, and nothing comes. */
function isWithholding({ pipeline, lastBlockAt, waitingSince, peerChoking, down }: Peer, now: number): boolean {
  if (peerChoking) return false
  const patience = down.total === 0 ? WITHHOLDING_MS.before : WITHHOLDING_MS.after
  return pipeline.isSnubbed || (pipeline.live > 0 && now - Math.max(lastBlockAt, waitingSince) >= patience)
}
