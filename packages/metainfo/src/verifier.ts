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
      const [only] = blocks
      // Without a hash object, which costs a small piece more than its hash: the collector has to look after each of them.
      if (only !== undefined && blocks.length === 1 && plan.kind === 'sha1') {
        return equalBytes(hashOnce('sha1', only, 'buffer'), expectedDigest(plan, piece))
      }
      const running = begin(plan, piece)
      for (const block of blocks) running.update(block)
      return running.matches()
    },
    begin: (piece) => begin(plan, piece),
  }
}

function begin(plan: DigestPlan, piece: PieceIndex): RunningHash {
  const hash = plan.kind === 'sha1' ? createHash('sha1') : new MerkleHasher(plan.leafCounts[piece] ?? 1)
  return {
    update: (bytes) => void hash.update(bytes),
    matches: () => equalBytes(hash.digest(), expectedDigest(plan, piece)),
  }
}
