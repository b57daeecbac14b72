// One answer out of the answers that a tracker gave to our IPv4 and our IPv6 self.

import { formatAddress } from '@torrential/primitives'
import type { PeerCandidate } from '@torrential/contracts'
import type { AnnounceReply } from './tracker-client.ts'

/** The longest interval, the largest figures, the peers of all without repeats; `replies` is not empty. */
export function mergeReplies(replies: readonly AnnounceReply[]): AnnounceReply {
  const first = replies[0] as AnnounceReply
  if (replies.length === 1) return first
  const merged: { -readonly [Field in keyof AnnounceReply]: AnnounceReply[Field] } = { ...first }
  const peers = new Map<string, PeerCandidate>()
  for (const reply of replies) {
    for (const peer of reply.peers) peers.set(formatAddress(peer.address), peer)
    if (reply === first) continue
    merged.interval = Math.max(merged.interval, reply.interval)
    for (const field of ['minInterval', 'seeders', 'leechers', 'downloaded'] as const) {
      const value = reply[field]
      if (value !== undefined) merged[field] = Math.max(merged[field] ?? 0, value)
    }
    if (reply.warning !== undefined) merged.warning ??= reply.warning
    if (reply.trackerId !== undefined) merged.trackerId ??= reply.trackerId
    if (reply.externalIp !== undefined) merged.externalIp ??= reply.externalIp
    merged.bytesSent += reply.bytesSent
    merged.bytesReceived += reply.bytesReceived
  }
  merged.peers = [...peers.values()]
  return merged
}
