// The `PieceVerifier` of a torrent: on the caller's thread, at once, without a copy. See `digest-plan.ts` for what a digest is.

import { createHash, hash as hashOnce } from 'node:crypto'
import type { PieceVerifier, RunningHash } from '@torrential/contracts'
import { equalBytes, type PieceIndex } from '@torrential/primitives'
import { type DigestPlan, digestPlan, expectedDigest } from './digest-plan.ts'
import { MerkleHasher } from './merkle.ts'
import type { Metainfo } from './metainfo.ts'

/**
 * Checks pieces by SHA-1 (v1 and hybrid) or by merkle root (v2).
 * @throws InputError `TORRENT_PIECE_LAYER_MISSING` when a piece layer is missing (only with `allowMissingPieceLayers`)
 */
export function createVerifier(metainfo: Metainfo): PieceVerifier {
  const plan = digestPlan(metainfo)
  return {
    verify(piece, blocks) {
      // Of a small piece a hash object costs more than the hash, and so does a buffer for the digest: the collector has to look after them.
      const only = blocks.length === 1 && plan.kind === 'sha1' ? blocks[0] : undefined
      if (only !== undefined) return isLatin1Of(hashOnce('sha1', only, 'binary'), expectedDigest(plan, piece))
      const running = begin(plan, piece)
      for (const block of blocks) running.update(block)
      return running.matches()
    },
    begin: (piece) => begin(plan, piece),
    methodOf: (piece) => ({ kind: plan.kind, leaves: plan.leafCounts[piece] ?? 1 }),
    isDigest: (piece, digest) => equalBytes(digest, expectedDigest(plan, piece)),
  }
}

function begin(plan: DigestPlan, piece: PieceIndex): RunningHash {
  const hash = plan.kind === 'sha1' ? createHash('sha1') : new MerkleHasher(plan.leafCounts[piece] ?? 1)
  return {
    update: (bytes) => void hash.update(bytes),
    matches: () => equalBytes(hash.digest(), expectedDigest(plan, piece)),
  }
}

function isLatin1Of(text: string, bytes: Uint8Array): boolean {
  if (text.length !== bytes.length) return false
  for (let at = 0; at < bytes.length; at++) if (text.charCodeAt(at) !== bytes[at]) return false
  return true
}
